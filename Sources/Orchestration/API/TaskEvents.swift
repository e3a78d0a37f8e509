internal import JSON
internal import Postgres
internal import Queue

/// What becomes of tasks, from where the last reader of the hook has stopped.
///
/// Each element comes at least once: it counts as read when the one after it is asked for, and they are acknowledged
/// some at a time. What becomes of a task comes in its order. Let one reader at a time read a hook.
public struct TaskEvents: AsyncSequence, Sendable {
    let database: any Database
    let hook: String
    let poll: Duration

    public func makeAsyncIterator() -> Iterator { Iterator(events: self) }

    public struct Iterator: AsyncIteratorProtocol {
        private struct Message: Decodable {
            let data: TaskEvent
        }

        private let events: TaskEvents
        private var buffer: ArraySlice<TaskEvent> = []
        private var reached: String?

        init(events: TaskEvents) {
            self.events = events
        }

        /// Waits for the next. Nil never comes; throws when the database does not answer, when there is no such hook, and
        /// `CancellationError`.
        public mutating func next() async throws -> TaskEvent? {
            while buffer.isEmpty {
                if let reached {
                    _ = try await events.database.call(
                        "select agentcorp.acknowledge_hook($1, $2)", [events.hook, reached])
                    self.reached = nil
                }
                let row = try await events.database.call(
                    "select reached, events from agentcorp.read_hook($1)", [events.hook]
                ).rows[0]
                let messages = try JSONCoding.decode(try row.bytes(1), as: [Message].self)
                if messages.isEmpty {
                    try await Task.sleep(for: events.poll)
                } else {
                    reached = try row.string(0)
                    buffer = messages.map(\.data)[...]
                }
            }
            return buffer.popFirst()
        }
    }
}
