/// The keys of a memory that are written after a moment, as they come, until the iterating task is cancelled.
///
/// It looks again after a tenth of a second, less often where nothing happens, and holds nothing while nobody asks.
public struct MemoryChanges: AsyncSequence, Sendable {
    public typealias Element = MemoryChange

    let memory: Memory
    let key: String?
    let position: String

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(memory: memory, key: key, position: position)
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private static let interval: ClosedRange<Duration> = .milliseconds(100) ... .seconds(1)

        let memory: Memory
        let key: String?
        private var position: String
        private var pending: ArraySlice<MemoryChange> = []

        init(memory: Memory, key: String?, position: String) {
            self.memory = memory
            self.key = key
            self.position = position
        }

        /// Throws `CancellationError`, and what the database says.
        public mutating func next() async throws -> MemoryChange? {
            var pause = Self.interval.lowerBound
            while pending.isEmpty {
                let page = try await memory.changes(since: position, key: key)
                position = page.reached
                pending = page.changes[...]
                guard pending.isEmpty else { break }
                try await Task.sleep(for: pause)
                pause = Swift.min(Self.interval.upperBound, pause * 1.2)
            }
            return pending.removeFirst()
        }
    }
}
