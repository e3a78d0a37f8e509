import Agents
import ArgumentParser
import JSON
import Postgres

/// What bounds a rule by which calls are decided.
struct RuleOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Whose calls: of the same agent, in the same run, or everybody's.", valueName: "agent|run|tool"))
    var scope: AlwaysRule.Scope?
    @Option(
        help: ArgumentHelp("Only calls whose arguments contain this: JSON, @FILE, or - for stdin.", valueName: "json"))
    var args: String?
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long the rule holds, as 8h; until it is removed if left out.", valueName: "time"))
    var time: TimeSpan?

    var isGiven: Bool { scope != nil || args != nil || time != nil }

    func arguments() throws -> JSONValue? {
        try args.map { try JSONValue(parsing: try JSONInput.value($0, name: "--args").bytes) }
    }
}
