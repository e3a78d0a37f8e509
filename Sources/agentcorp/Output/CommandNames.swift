import ArgumentParser
import JSON

/// The names of the commands, for the message about one that does not exist.
enum CommandNames {
    /// Explains the first word of a command line that is no command where one is expected; nil when there is none.
    ///
    /// - Parameter isUnexpected: Whether the parser has found a word too many. Otherwise the word was for the command that is
    ///   run by default, unless it looks like the name of another one.
    static func explainUnknown(_ arguments: [String], isUnexpected: Bool) -> String? {
        var command: any ParsableCommand.Type = AgentCorp.self
        var path = "agentcorp"
        for word in arguments.dropFirst() {
            let known = command.configuration.subcommands
            guard !known.isEmpty, !word.hasPrefix("-") else { return nil }
            guard let next = known.first(where: { $0._commandName == word }) else {
                let names = known.map { $0._commandName }
                let guess = Spelling.nearest(to: word, in: names).map { "Did you mean `\(path) \($0)`?" }
                guard guess != nil || isUnexpected || command.configuration.defaultSubcommand == nil else { return nil }
                return "unknown command `\(path) \(word)`. " + (guess ?? "Commands: \(names.joined(separator: ", ")).")
            }
            command = next
            path += " \(word)"
        }
        return nil
    }
}
