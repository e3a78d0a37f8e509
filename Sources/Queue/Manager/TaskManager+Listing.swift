internal import FoundationEssentials
public import Postgres

extension TaskManager {
    /// Tasks, newest first.
    public func tasks(_ filter: TaskFilter = TaskFilter()) async throws -> [TaskRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(t) - 'tree_id' - 'current' || jsonb_build_object('root_id', t.tree_id, 'state', t.current)
                order by t.id desc), '[]') from agentcorp.list_tasks($1, $2, $3, $4, $5, $6, $7) t
            """,
            [
                filter.state, filter.kind, filter.queue, filter.tag, filter.rootID, filter.before,
                Int32(clamping: filter.limit),
            ])
    }

    /// All there is to know about one task, as JSON. Large payloads are shown by a reference, encrypted ones as they are
    /// stored when their key is not known here.
    public func describe(_ task: Int64) async throws -> JSONValue {
        let description: JSONValue = try await database.json("select agentcorp.describe($1)", [task])
        guard coder.cipher != nil, case .object(var members) = description else { return description }
        for (name, purpose) in [("args", PayloadPurpose.args), ("output", .output(task: task))] {
            if let value = members[name], let opened = try? coder.open(value, for: purpose) { members[name] = opened }
        }
        return .object(members)
    }

    /// A task and all below it, depth first.
    public func tree(_ root: Int64) async throws -> [TaskNode] {
        try await database.json(
            """
            select coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'parent_id', n.parent_id, 'depth', n.depth, 'title', trim(n.task),
                'kind', n.kind, 'state', n.state, 'attempt', n.attempt, 'error', n.error,
                'duration_ms', extract(epoch from n.duration) * 1000) order by n.ordinality), '[]')
            from agentcorp.tree($1) with ordinality n
            """, [root])
    }

    /// What a task returned; nil when it returned nothing or has not completed.
    public func output(of task: Int64) async throws -> PostgresJSON? {
        let result = try await database.call("select agentcorp.output_of($1)", [task])
        return try result.rows[0].bytesOrNil(0).map { PostgresJSON(try coder.open($0, for: .output(task: task))) }
            .flatMap { $0.text == "null" ? nil : $0 }
    }

    /// The state of a task, with its output or its error.
    public func standing(of task: Int64) async throws -> TaskStanding {
        let result = try await database.call(
            "select r.state, r.attempt, r.output, r.error from agentcorp.result_of($1) r", [task])
        let row = result.rows[0]
        return TaskStanding(
            state: try TaskState(rawValue: row.string(0)) ?? .blocked, attempt: Int(try row.int16OrNil(1) ?? 0),
            output: try row.bytesOrNil(2).map {
                try JSONCoding.decode(try coder.open($0, for: .output(task: task)))
            }, error: try row.bytesOrNil(3).map { try JSONCoding.decode($0) })
    }

    /// Queues with their depths.
    public func queues() async throws -> [QueueRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(q) || jsonb_build_object('oldest_ready_seconds', extract(epoch from q.oldest_ready))
                order by q.name), '[]') from agentcorp.queues q
            """)
    }

    /// Worker processes: those that live, or all of them.
    public func workers(includingStopped: Bool = false) async throws -> [WorkerRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(w) order by w.started_at), '[]') from agentcorp.workers w
            where $1 or w.stopped_at is null
            """, [includingStopped])
    }

    /// Finished attempts, newest first.
    public func history(_ filter: HistoryFilter = HistoryFilter()) async throws -> [HistoryRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(h) order by h.ordinality), '[]')
            from agentcorp.history($1, $2, $3, $4, $5, $6, $7) with ordinality h
            """,
            [
                filter.since.map { PostgresTimestamp($0) }, filter.until.map { PostgresTimestamp($0) }, filter.kind,
                filter.outcome, filter.queue, filter.minimumMilliseconds, Int32(clamping: filter.limit),
            ])
    }

    /// Those of the kinds that no live worker handles.
    public func unhandledKinds(_ kinds: [String]) async throws -> [String] {
        let result = try await database.call("select * from agentcorp.unhandled_kinds($1)", [kinds])
        return try result.rows.map { row throws in try row.string(0) }
    }
}
