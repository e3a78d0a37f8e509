public import FoundationEssentials
internal import Postgres
public import Queue

/// Waiting without holding a worker: the handler leaves by a thrown `TaskSuspension`, and runs again from its beginning
/// when the wait is over. What it did before is replayed from its steps.
///
/// Wait for one thing at a time: a task that has suspended itself for an event is not woken by a timer. An event has a
/// `timeout` for that.
extension TaskContext {
    /// Waits for an event; nil when the time for that is over.
    ///
    /// With a key it is the event of that topic and key, whenever it comes or came. Without, it is the next one of the
    /// topic, counted from the first attempt that asked.
    ///
    /// - Parameters:
    ///   - name: The step in which the event is recorded, by default topic and key: one wait, one name. A handler that
    ///     waits for several events of a topic names each.
    ///   - timeout: Counted from the first attempt that asked; nil waits for ever, zero only looks.
    /// - Throws: `TaskSuspension` when the event is not there yet: let it pass.
    public func waitForEvent(
        _ topic: String, key eventKey: String? = nil, name: String? = nil, timeout: Duration? = nil
    ) async throws -> EventRecord? {
        let name = name ?? "event " + topic + (eventKey.map { " " + $0 } ?? "")
        guard let value = try await link.awaitEvent(topic, key: eventKey, name: name, timeout: timeout) else {
            throw suspension.suspend(.event)
        }
        let end = try JSONCoding.decode(value.bytes, as: WaitEnd.self)
        return end.isTimeout == true ? nil : try JSONCoding.decode(value.bytes)
    }

    /// Waits for an event and decodes its data; nil when the time for that is over. Data that do not fit fail the task.
    public func waitForEvent<Value: Decodable>(
        _ topic: String, as type: Value.Type, key eventKey: String? = nil, name: String? = nil,
        timeout: Duration? = nil
    ) async throws -> Value? {
        let event = try await waitForEvent(topic, key: eventKey, name: name, timeout: timeout)
        do {
            return try event?.decode(type)
        } catch let error as DecodingError {
            throw PermanentFailure("the data of event \(topic) do not fit: \(error.summary)", reason: "event")
        }
    }

    /// Waits for the first event of a topic for which a condition holds; nil when the time for that is over.
    ///
    /// Counted from the first attempt that asked, no event is missed, and none is looked at before. The task is woken to
    /// look at events, together with those that came meanwhile; on a busy topic more and more rarely, once a minute in
    /// the end.
    ///
    /// - Parameters:
    ///   - filter: Only events whose data contain this JSON wake the task: as much of the condition as can be said so.
    ///   - name: The step in which the event is recorded, by default the topic.
    ///   - timeout: Counted from the first attempt that asked; nil waits for ever.
    /// - Throws: `TaskSuspension` when the event is not there yet: let it pass.
    public func waitForEvent(
        _ topic: String, matching filter: JSONValue = [:], name: String? = nil, timeout: Duration? = nil,
        where condition: (EventRecord) throws -> Bool
    ) async throws -> EventRecord? {
        let name = name ?? "event " + topic
        let filter = PostgresJSON(filter.bytes)
        var passed: String?
        while true {
            guard
                let value = try await link.awaitEvent(
                    topic, filter: filter, passed: passed, name: name, timeout: timeout)
            else { throw suspension.suspend(.event) }
            let end = try JSONCoding.decode(value.bytes, as: WaitEnd.self)
            guard let since = end.since else { return nil }
            let first = try JSONCoding.decode(value.bytes, as: EventRecord.self)
            if try condition(first) { return first }
            if let found = try await link.step(name + " found") { return try JSONCoding.decode(found.bytes) }
            var stretch = try await link.readEvents(topic, since: since, filter: filter)
            while true {
                if let found = try stretch.events.first(where: { try $0.id != first.id && condition($0) }) {
                    // Another attempt might find another one, whose transaction took longer.
                    let step = try await link.putStep(name + " found", try JSONCoding.encode(found))
                    return try JSONCoding.decode(step.bytes)
                }
                if stretch.isLast { break }
                stretch = try await link.readEvents(topic, since: since, filter: filter, after: stretch)
            }
            passed = stretch.reached
            let pause = EventPause(attempt: task.attempt)
            if let left = try pause.left(since: first, at: stretch.at, end: end.timeoutAt) {
                throw suspension.suspend(.timer(left))
            }
        }
    }

    /// Sleeps until a moment, by the server's clock, for months if need be: the task leaves the worker meanwhile.
    ///
    /// - Parameter name: The step that keeps the moment; each sleep of a task has its own.
    /// - Throws: `TaskSuspension` while it is not over: let it pass.
    public func sleep(until moment: Date, name: String) async throws {
        try pass(try await link.sleep(until: moment, name: name))
    }

    /// Sleeps for a time that runs from the first attempt that asked.
    public func sleep(for duration: Duration, name: String) async throws {
        try pass(try await link.sleep(for: duration, name: name))
    }

    private func pass(_ left: Duration) throws {
        if left > .zero { throw suspension.suspend(.timer(left)) }
    }
}

/// What distinguishes the end of a wait by time from an event.
private struct WaitEnd: Decodable {
    let isTimeout: Bool?
    /// Of an event that may be passed over: from where the wait has looked for it.
    let since: String?
    let timeoutAt: Date?

    enum CodingKeys: String, CodingKey {
        case since
        case isTimeout = "timed_out"
        case timeoutAt = "timeout_at"
    }
}
