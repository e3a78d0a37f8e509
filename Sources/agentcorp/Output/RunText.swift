import FoundationEssentials
import JSON
import Queue

/// Runs as rows and records.
enum RunText {
    static func cells(_ run: RunRecord) -> [Table.Cell] {
        let plan = (run.plan ?? "-") + (run.version.map { " v\($0)" } ?? "")
        let end = run.finishedAt ?? (run.state.isFinal ? nil : Date())
        let time = run.startedAt.flatMap { start in
            end.map { TimeText.duration(milliseconds: $0.timeIntervalSince(start) * 1000) }
        }
        return [
            .init(run.id), .init(plan), .init(run.state.rawValue, Style(run.state)),
            .init(TimeText.relative(run.createdAt), .dim), .init(time, .dim),
            .init(RunTotals.dollars(run.usd, unpriced: 0), .dim), .init(run.error, .dim),
        ]
    }

    /// A task with what it returned and what was evaluated for it.
    struct Entry: Encodable {
        let node: RunNode
        let notes: TaskNotes?

        private enum CodingKeys: String, CodingKey {
            case output, facts
        }

        func encode(to encoder: any Encoder) throws {
            try node.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeIfPresent(notes?.output, forKey: .output)
            if let facts = notes?.facts, !facts.isEmpty { try container.encode(facts, forKey: .facts) }
        }
    }
}
