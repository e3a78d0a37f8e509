import ArgumentParser
import FoundationEssentials
import Postgres
import Queue

/// Which of the tasks that have ended; the options of every command that retries or discards many.
struct EndedTaskFilter: ParsableArguments {
    @Option(help: "Only tasks of this kind.") var kind: String?
    @Option(help: "Only tasks of this queue.") var queue: String?
    @Option(help: "Only tasks with this tag.") var tag: String?
    @Option(help: ArgumentHelp("Only tasks whose error has this text.", valueName: "text"))
    var error: String?
    @Option(help: ArgumentHelp("Only failures with this fingerprint.", valueName: "hex"))
    var fingerprint: String?
    @Option(help: ArgumentHelp("Only tasks that ended since then: a moment, or as 2h.", valueName: "moment"))
    var since: String?
    @Option(help: ArgumentHelp("Only tasks that ended before then.", valueName: "moment"))
    var until: String?
    @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit: Int?

    var isEmpty: Bool {
        [kind, queue, tag, error, fingerprint, since, until].allSatisfy { $0 == nil } && limit == nil
    }

    func validate() throws {
        if let limit { try ValueCheck.limit(limit) }
        for (name, text) in [("--since", since), ("--until", until)] { try ValueCheck.past(name, text) }
    }

    /// As the SQL functions take it.
    func json(state: String? = nil) throws -> PostgresJSON {
        var filter: [String: JSONValue] = [:]
        for (key, value) in [
            ("state", state), ("kind", kind), ("queue", queue), ("tag", tag), ("error", error),
            ("fingerprint", fingerprint),
        ] {
            if let value { filter[key] = .string(value) }
        }
        for (key, value) in [("since", since), ("until", until)] {
            if let moment = value.flatMap(Moment.past) {
                filter[key] = .string(moment.date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            }
        }
        if let limit { filter["limit"] = .integer(Int64(limit)) }
        return try JSONCoding.encode(JSONValue.object(filter))
    }
}
