/// The events of a `PostgresListener`; it ends when the task that iterates is cancelled.
///
/// Up to 1,024 events wait for a slow consumer, then the oldest are dropped.
public struct PostgresNotifications: AsyncSequence, Sendable {
    public typealias Element = PostgresListener.Event
    public typealias Failure = Never

    let listener: PostgresListener

    public func makeAsyncIterator() -> Iterator {
        let (stream, continuation) = AsyncStream.makeStream(
            of: PostgresListener.Event.self, bufferingPolicy: .bufferingNewest(1024))
        // The connection has to be read however slow the consumer is, or the server's queue could not shrink.
        let pump = Task { [listener] in
            await listener.run { continuation.yield($0) }
            continuation.finish()
        }
        continuation.onTermination = { _ in pump.cancel() }
        return Iterator(events: stream.makeAsyncIterator())
    }

    public struct Iterator: AsyncIteratorProtocol {
        var events: AsyncStream<PostgresListener.Event>.Iterator

        public mutating func next() async -> PostgresListener.Event? {
            await next(isolation: #isolation)
        }

        public mutating func next(isolation actor: isolated (any Actor)?) async -> PostgresListener.Event? {
            await events.next(isolation: actor)
        }
    }
}
