import Agents
import ArgumentParser
import Glibc
import Queue

/// `agentcorp chat`: a conversation with an agent.
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Talk to an agent; the conversation is kept, also over restarts.",
        discussion: """
            EXAMPLES
              agentcorp chat writer
              agentcorp chat writer --session trip
              printf 'Hello\\nAnd now in French\\n' | agentcorp chat writer --session s1

            A line is a message. /clear lets the agent forget, /history shows what was said, /fork NAME goes on in a copy, \
            /quit or Ctrl-D leaves. Ctrl-C leaves the answer that is under way: it comes nevertheless.
            """)

    @Argument(help: "The name of the agent.") var agent: String
    @Option(help: ArgumentHelp("The conversation; by default chat-AGENT.", valueName: "name"))
    var session: String?
    @Option(help: "The queue that the tasks go to.")
    var queue = "default"
    @OptionGroup var agents: AgentOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (agent, queue) = (agent, queue)
        let session = session ?? "chat-\(agent)"
        let isInteractive = Terminal.output.isInteractive
        try await AgentTalk.with(connection, agents, queue: queue, isStreaming: isInteractive) { talk in
            var chat = Chat(talk: talk, agent: agent, session: session, queue: queue)
            try await chat.run(isInteractive: isInteractive)
        }
    }
}

/// The lines of a chat.
private struct Chat {
    let talk: AgentTalk
    let agent: String
    var session: String
    let queue: String

    mutating func run(isInteractive: Bool) async throws {
        // Says at once when there is no such agent.
        _ = try await AgentPool(talk.manager.database).agent(named: agent)
        try await greet()
        while true {
            if isInteractive { Terminal.output.write(Terminal.output.styled(.bold, "you> ")) }
            guard let line = readLine() else { break }
            let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true).map(String.init)
            switch words.first {
            case nil: continue
            case "/quit", "/exit": return
            case "/clear":
                try await forgiving {
                    try await talk.manager.clearSession(session)
                    note("what was said is forgotten; /history still shows it")
                }
            case "/history":
                try await forgiving {
                    for message in try await talk.manager.messages(ofSession: session) where !message.text.isEmpty {
                        Terminal.output.line(
                            Terminal.output.styled(.dim, "\(message.role): ") + DisplayText.streamed(message.text))
                    }
                }
            case "/fork":
                guard words.count == 2 else {
                    Terminal.errors.line("/fork needs a name")
                    continue
                }
                try await forgiving {
                    try await talk.manager.forkSession(session, as: words[1])
                    session = words[1]
                    note("going on in session \(session)")
                }
            case let word? where word.hasPrefix("/"):
                Terminal.errors.line(
                    "\(DisplayText.printable(word)) is no command; there are /clear, /history, /fork NAME and /quit")
            default: try await say(line, isInteractive)
            }
        }
        if isInteractive { Terminal.output.line() }
    }

    private func greet() async throws {
        let known = try await talk.manager.sessions(limit: 1000).first { $0.name == session }
        let text =
            known.map { "going on with session \($0.name), \(Plural.of($0.messages, "message")); /clear forgets them" }
            ?? "new session \(session); /quit leaves"
        note(text)
    }

    private func note(_ text: String) {
        Terminal.errors.line(Terminal.errors.styled(.dim, DisplayText.printable(text)))
    }

    private func say(_ line: String, _ isInteractive: Bool) async throws {
        do {
            let task = try await talk.manager.ask(agent, line, session: session, queue: queue)
            guard let end = try await talk.follow(task) else {
                guard isInteractive else { throw AgentTalk.interrupted(task) }
                Terminal.errors.line("left; the answer will be in the conversation (task \(task))")
                return
            }
            if !isInteractive { Terminal.output.line(end.output.string ?? end.output.text) }
        } catch let error as CommandError where isInteractive && error.status == .taskFailed {
            Terminal.errors.note(.red, "error", error.message)
        }
    }

    /// What goes wrong with a command does not end the chat.
    private func forgiving(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as QueueError where error.code == .unknownTask {
            note("nothing was said yet")
        } catch let error as QueueError {
            Terminal.errors.note(.red, "error", "\(error)")
        }
    }
}
