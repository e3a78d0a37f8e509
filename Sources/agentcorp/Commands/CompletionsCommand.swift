import ArgumentParser

/// `agentcorp completions`: prints a completion script.
struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a completion script for a shell.",
        discussion: """
            EXAMPLES
              agentcorp completions bash >/etc/bash_completion.d/agentcorp
              agentcorp completions zsh >"${fpath[1]}/_agentcorp"
              agentcorp completions fish >~/.config/fish/completions/agentcorp.fish
            """)

    @Argument(help: "bash, zsh or fish.") var shell: Shell

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    func run() {
        let script: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Terminal.output.line(AgentCorp.completionScript(for: script))
    }
}
