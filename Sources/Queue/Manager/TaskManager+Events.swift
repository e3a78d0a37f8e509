public import Postgres

extension TaskManager {
    /// Publishes a fact and returns its id: wakes the tasks that wait for it, and enqueues those of matching subscriptions.
    ///
    /// With a connection it belongs to your transaction. With a key the first one stands: another changes nothing and
    /// returns the id of the first.
    @discardableResult
    public func emitEvent(
        _ topic: String, data: PostgresJSON = PostgresJSON("{}"), key: String? = nil
    ) async throws -> Int64 {
        let result = try await database.call("select agentcorp.emit_event($1, $2, $3)", [topic, data, key])
        return try result.rows[0].int64(0)
    }

    /// Publishes a fact whose data are encoded as JSON.
    @discardableResult
    public func emitEvent(_ topic: String, data: some Encodable, key: String? = nil) async throws -> Int64 {
        try await emitEvent(topic, data: try JSONCoding.encode(data), key: key)
    }

    /// Events, newest first.
    public func events(_ filter: EventFilter = EventFilter()) async throws -> [EventRecord] {
        try await database.json(
            "select coalesce(jsonb_agg(to_jsonb(e) order by e.id desc), '[]') from agentcorp.list_events($1, $2, $3, $4) e",
            [filter.pattern, filter.key, filter.before, Int32(clamping: filter.limit)])
    }

    /// The events that were committed since a position, and the position to go on from; without one, no events and the
    /// present position.
    ///
    /// None is missed, however long its transaction took.
    public func followEvents(since position: String? = nil, pattern: String? = nil) async throws -> EventPage {
        try await database.json("select to_jsonb(e) from agentcorp.follow_events($1, $2) e", [position, pattern])
    }

    /// Who waits for which event, those who have waited longest first.
    public func waits(limit: Int = 50) async throws -> [WaitRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(w) order by w.created_at, w.task_id), '[]')
            from (select * from agentcorp.waits order by created_at, task_id limit $1) w
            """, [Int32(clamping: limit)])
    }

    /// From now on each event whose topic matches the pattern enqueues a task, with the event as `args.event`.
    ///
    /// In a pattern `*` stands for one word of a topic, `**` at the end for one or more. Again with the same name changes
    /// the subscription. Of the task, kind, args (an object), queue, priority, attempts, timeout, backoff, tags and name
    /// count.
    public func subscribe(
        _ name: String, to pattern: String, _ task: TaskRequest, isEnabled: Bool = true
    ) async throws {
        var options: [String: JSONValue] = [
            "priority": .integer(Int64(task.priority)), "max_attempts": .integer(Int64(task.maxAttempts)),
        ]
        options["timeout"] = task.timeout.map { .string("\($0.milliseconds)ms") }
        options["backoff"] = task.backoff.map { .string($0) }
        options["tags"] = task.tags.isEmpty ? nil : .array(task.tags.map { .string($0) })
        options["name"] = task.name.map { .string($0) }
        _ = try await database.call(
            "select agentcorp.subscribe($1, $2, $3, $4, $5, $6, $7)",
            [
                name, pattern, task.kind, task.args, task.queue, try JSONCoding.encode(JSONValue.object(options)),
                isEnabled,
            ])
    }

    /// Removes a subscription; the tasks that it has enqueued stay. False: there was none of that name.
    @discardableResult
    public func unsubscribe(_ name: String) async throws -> Bool {
        try await database.call("select agentcorp.unsubscribe($1)", [name]).rows[0].bool(0)
    }

    /// All subscriptions, by name.
    public func subscriptions() async throws -> [SubscriptionRecord] {
        try await database.json(
            "select coalesce(jsonb_agg(to_jsonb(s) order by s.name), '[]') from agentcorp.subscriptions s")
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
