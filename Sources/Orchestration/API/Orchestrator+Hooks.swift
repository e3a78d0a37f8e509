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
        _ = try await manager.database.call(
            "select agentcorp.add_hook($1, $2, $3, $4)",
            [
                name, events.map(\.rawValue), filter.postgres,
                JSONValue.object(["emit": .string("agentcorp.hooks")]).postgres,
            ])
        return TaskEvents(database: manager.database, hook: name, poll: poll)
    }

    /// Removes a hook; false: there is none of that name.
    @discardableResult
    public func removeHook(_ name: String) async throws -> Bool {
        do {
            _ = try await manager.database.call("select agentcorp.remove_hook($1)", [name])
            return true
        } catch let error as QueueError where error.code == .unknownTask {
            return false
        }
    }
}
