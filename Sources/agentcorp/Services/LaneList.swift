import ArgumentParser
import Worker

/// Queues to serve, as `default,io:4`: a queue may have a concurrency of its own.
struct LaneList: ExpressibleByArgument, Sendable, CustomStringConvertible {
    private let entries: [(queue: String, concurrency: Int?)]

    init?(argument: String) {
        var entries: [(queue: String, concurrency: Int?)] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(pieces[0])
            guard !name.isEmpty, !entries.contains(where: { $0.queue == name }) else { return nil }
            if pieces.count == 1 {
                entries.append((name, nil))
            } else if let number = Int(pieces[1]), (1...10_000).contains(number) {
                entries.append((name, number))
            } else {
                return nil
            }
        }
        guard !entries.isEmpty else { return nil }
        self.entries = entries
    }

    /// The lanes, with the common concurrency for those that have none of their own.
    func lanes(concurrency: Int) -> [WorkerConfiguration.Lane] {
        entries.map { .init($0.queue, concurrency: $0.concurrency ?? concurrency) }
    }

    var description: String { defaultValueDescription }

    var defaultValueDescription: String {
        entries.map { entry in entry.queue + (entry.concurrency.map { ":\($0)" } ?? "") }.joined(separator: ",")
    }
}
