import Agents
import ArgumentParser
import JSON
import Postgres
import Queue

extension ApprovalsCommand {
    struct Decide: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Answer a request; its task goes on.",
            discussion: """
                EXAMPLES
                  agentcorp approvals decide 3 approve --hash 5f0c8e21d94b
                  agentcorp approvals decide 3 edit --edit path=/tmp/report.txt --edit retries=2
                  agentcorp approvals decide 3 edit --edit @args.json --as ann
                  agentcorp approvals decide 3 approve --always --scope run --for 8h
                  agentcorp approvals decide 3 respond --response "The mail was sent by hand."

                approve lets the call run, edit lets it run with other arguments, reject tells the model that it was \
                refused, respond gives the model your words as its result. For a call that was interrupted: again runs \
                it, fail tells the model that nobody knows. A task that asks completes with the decision.
                """)

        @Argument(help: "The request.") var id: Int64
        @Argument(help: "One of the answers that it offers.") var decision: String
        @Option(help: ArgumentHelp("What the model is told: a result with respond, else a reason.", valueName: "text"))
        var response: String?
        @Option(
            help: ArgumentHelp(
                "A field that gets another value, or all of it: JSON, @FILE, or - for stdin.",
                valueName: "name=value"))
        var edit: [String] = []
        @Option(
            name: .customLong("as"),
            help: ArgumentHelp("Who decides; the database user if left out.", valueName: "name"))
        var person: String?
        @Option(help: ArgumentHelp("Only what `show` has shown under this hash; 8 digits do.", valueName: "digits"))
        var hash: String?
        @Flag(help: "Decide calls of this tool so from now on.") var always = false
        @OptionGroup var rule: RuleOptions
        @Flag(help: "Print {\"id\", \"decision\", \"rule\"}.") var json = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if edit.isEmpty == (decision == "edit") {
                throw ValidationError(
                    edit.isEmpty
                        ? "Say what is to be changed: --edit name=value, or --edit with all of it as JSON."
                        : "--edit goes with the decision edit.")
            }
            if !always, rule.isGiven { throw ValidationError("--scope, --args and --for go with --always.") }
        }

        func run() async throws {
            let args = try rule.arguments()
            let (approval, made) = try await connection.withManager { manager in
                let approval = try await manager.approval(id)
                // Not by a conditional expression, whose nil would be the JSON value null.
                var edited: JSONValue?
                if decision == "edit" { edited = try self.edited(approval.args ?? approval.value) }
                let made = try await manager.decide(
                    id, decision, by: person, response: response, edited: edited, hash: hash ?? approval.hash,
                    always: always ? AlwaysRule(rule.scope ?? .agent, args: args, expires: rule.time?.duration) : nil)
                return (approval, made)
            }
            guard !json else {
                var members: [String: JSONValue] = ["id": .integer(id), "decision": .string(decision)]
                members["rule"] = made.map { .integer(Int64($0)) }
                return Terminal.output.line(JSONValue.object(members).text)
            }
            Terminal.output.line(
                "approval \(id): \(DisplayText.printable(decision)): \(DisplayText.printable(approval.title))")
            if let made { Terminal.output.line("rule \(made): agentcorp approvals rules remove \(made) takes it back") }
        }

        /// What takes the place of what was shown.
        private func edited(_ shown: JSONValue?) throws -> JSONValue {
            if edit.count == 1, let first = edit[0].first, "{[@-\"".contains(first) || !edit[0].contains("=") {
                return try JSONValue(parsing: try JSONInput.value(edit[0], name: "--edit").bytes)
            }
            guard case .object(var members) = shown ?? [:] else {
                throw CommandError(.badInput, "what is shown has no fields: give --edit all of it, as JSON.")
            }
            for field in edit {
                guard let sign = field.firstIndex(of: "="), sign > field.startIndex else {
                    throw CommandError(
                        .badInput, "--edit \(DisplayText.printable(field)) is not name=value.")
                }
                let text = String(field[field.index(after: sign)...])
                members[String(field[..<sign])] = (try? JSONValue(parsing: text)) ?? .string(text)
            }
            return .object(members)
        }
    }
}
