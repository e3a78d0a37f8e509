public import JSON
internal import Postgres
internal import Queue

extension Orchestrator {
    /// What becomes of tasks from now on; with the name of a hook that exists, from where its last reader has stopped,
    /// whichever process that was in.
    ///
    /// The coordinator writes the events down, so none is lost while nobody reads. They are kept as long as other events.
    ///
    ///     for try await event in try await orchestrator.onTask([.failed], as: "alarm", filter: ["plan": "incident"]) {
    ///         print(event.task, event.error?.message ?? "")
    ///     }
    ///
    /// - Parameters:
    ///   - name: Of the hook: it is made, or changed.
    ///   - filter: `{"kind", "queue", "plan", "name", "tag"}`, each a string or several; none: all tasks.
    ///   - poll: How often to look.
    /// - Throws: `QueueError` with code `invalidValue` for a filter that is none.
    public func onTask(
        _ events: [TaskEvent.Kind], as name: String, filter: JSONValue = .object([:]), poll: Duration = .seconds(1)
    ) async throws -> TaskEvents {
        try await setHook(name, on: events, filter: filter, action: ["emit": "agentcorp.hooks"])
        return TaskEvents(database: manager.database, hook: name, poll: poll)
    }

    /// Makes a hook, or changes the one of that name: what becomes of tasks from now on emits events, or enqueues tasks.
    ///
    /// - Parameters:
    ///   - filter: As of `onTask`.
    ///   - action: `{"emit": TOPIC}`, or `{"enqueue": TASK}` with the fields of a task of `agentcorp.enqueue_many`; the
    ///     task gets what has happened as `args.event`.
    /// - Throws: `QueueError` with code `invalidValue` for a filter or an action that is none.
    public func setHook(
        _ name: String, on events: [TaskEvent.Kind], filter: JSONValue = .object([:]), action: JSONValue
    ) async throws {
        _ = try await manager.database.call(
            "select agentcorp.add_hook($1, $2, $3, $4)",
            [name, events.map(\.rawValue), filter.postgres, action.postgres])
    }

    /// All hooks, by name.
    public func hooks() async throws -> [HookRecord] {
        try await manager.database.json(
            "select coalesce(jsonb_agg(to_jsonb(h) order by h.name), '[]') from agentcorp.hooks h")
    }

    /// A hook that is paused tells nothing; resumed, it goes on where it was.
    ///
    /// - Throws: `QueueError` with code `unknownTask` where there is none.
    public func pauseHook(_ name: String, _ isPaused: Bool = true) async throws {
        _ = try await manager.database.call("select agentcorp.pause_hook($1, $2)", [name, isPaused])
    }

    /// Removes a hook; what it has emitted and enqueued stays.
    ///
    /// - Throws: `QueueError` with code `unknownTask` where there is none.
    public func removeHook(_ name: String) async throws {
        _ = try await manager.database.call("select agentcorp.remove_hook($1)", [name])
    }
}
