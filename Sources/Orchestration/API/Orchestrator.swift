internal import Agents
public import JSON
public import Plans
internal import Postgres
public import Queue

/// Starts plans, and waits for what they return.
///
/// It only writes rows: the workers that have the kinds of plans (`OrchestrationRuntime.register`) do the work, and who
/// stops waiting stops nothing.
public struct Orchestrator: Sendable {
    public let manager: TaskManager

    public init(_ manager: TaskManager) {
        self.manager = manager
    }

    /// Makes a document the current version of the plan of that name. The same document is the same version.
    ///
    /// It is stored as it is: `PlanReader` says what is wrong with one.
    @discardableResult
    public func load(_ document: JSONValue, named name: String) async throws -> LoadedPlan {
        let result = try await manager.database.call(
            "select version, version_id, changed from agentcorp.put_plan($1, $2)", [name, document.postgres])
        let row = result.rows[0]
        return LoadedPlan(
            name: name, version: Int(try row.int32(0)), id: try row.int64(1), isNew: try row.bool(2))
    }

    /// Starts a run of a plan; returns its task.
    ///
    /// - Parameters:
    ///   - version: Nil: the current one.
    ///   - uniqueKey: While a run with this key is open, that one is returned.
    ///   - priority: 0 (most urgent) to 9.
    /// - Throws: `QueueError` with code `unknownTask` where there is no such plan, and `invalidValue` for an input that
    ///   plainly does not fit.
    public func run(
        _ name: String, input: JSONValue = .object([:]), version: Int? = nil, uniqueKey: String? = nil,
        queue: String = "default", priority: Int = 4, tags: [String]? = nil
    ) async throws -> Int64 {
        let result = try await manager.database.call(
            """
            select agentcorp.run_plan($1, $2, version => $3, unique_key => $4, queue => $5, priority => $6, tags => $7)
            """,
            [
                name, input.postgres, version.map { Int32(clamping: $0) }, uniqueKey, queue,
                Int32(clamping: priority), tags,
            ])
        return try result.rows[0].int64(0)
    }

    /// Loads a plan that has a name, and starts a run of it.
    public func run(_ plan: Plan, input: JSONValue = .object([:])) async throws -> Int64 {
        guard let name = plan.name else {
            throw QueueError(.invalidValue, "a plan without a name cannot be run", hint: "Give it a name.")
        }
        let loaded = try await load(plan.document, named: name)
        return try await run(name, input: input, version: loaded.version)
    }

    /// Waits until a run has ended, and returns what its plan returns.
    ///
    /// - Throws: `TaskFailure` when it did not complete, and `CancellationError`; the run goes on then.
    public func result(of run: Int64) async throws -> JSONValue {
        try await manager.output(ofEnded: run)
    }
}

/// A version of a plan that is stored.
public struct LoadedPlan: Sendable, Hashable {
    public let name: String
    public let version: Int
    /// The row of `plan_version`.
    public let id: Int64
    /// It was not the current one before.
    public let isNew: Bool
}
