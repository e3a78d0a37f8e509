import Postgres
import Queue

/// Prints events as they are committed.
struct EventTail: Sendable {
    let manager: TaskManager
    let pattern: String?
    /// How many of the events that are there already to print first.
    let last: Int
    let isJSON: Bool

    /// How long to look between two times; longer when nothing happens.
    private static let interval: ClosedRange<Duration> = .milliseconds(100) ... .seconds(1)

    /// Goes on until it is cancelled.
    func follow() async throws {
        var position = try await manager.followEvents(pattern: pattern).reached
        var printed: Set<Int64> = []
        if last > 0 {
            var filter = EventFilter()
            filter.pattern = pattern
            filter.limit = last
            for event in try await manager.events(filter).reversed() {
                try print(event)
                // One that was committed just now will be met again.
                printed.insert(event.id)
            }
        }
        var interval = Self.interval.lowerBound
        while true {
            try await Task.sleep(for: interval)
            let page = try await Patience.read { try await manager.followEvents(since: position, pattern: pattern) }
            for event in page.events where !printed.contains(event.id) { try print(event) }
            position = page.reached
            interval = page.events.isEmpty ? min(Self.interval.upperBound, interval * 1.2) : Self.interval.lowerBound
        }
    }

    private func print(_ event: EventRecord) throws {
        guard !isJSON else { return Terminal.output.line(try JSONCoding.encode(event).text) }
        let terminal = Terminal.output
        let words = [
            terminal.styled(.dim, TimeText.exact(event.createdAt)), "\(event.id)",
            terminal.styled(.cyan, DisplayText.printable(event.topic)),
            event.key.map { terminal.styled(.yellow, DisplayText.printable($0)) } ?? "-",
            DisplayText.printable(try JSONCoding.encode(event.data).text),
        ]
        terminal.line(words.joined(separator: "  "))
    }
}
