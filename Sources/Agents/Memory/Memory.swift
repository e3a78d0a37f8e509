public import JSON
internal import Postgres
public import Queue

/// One memory: values under keys that outlive the task that wrote them, for whoever shares it.
///
/// Each key has a rule by which it is written (`MemoryMerge`), a version that grows with each write, and a history. The
/// typed shell over `agentcorp.memory_set` and its neighbours; it throws `QueueError` for what they refuse.
public struct Memory: Sendable {
    public typealias Scope = AgentMemory.Scope

    let database: any Database
    public let scope: Scope
    /// Whose it is; nil for the global one, and for that of the task's own.
    public let owner: String?
    /// The task that uses it, which sees only the memories of its run, its agent and its user, and the global one.
    public let task: Int64?

    /// - Parameters:
    ///   - owner: A task of the run, the agent, or the user. With a task nil stands for its own.
    ///   - task: Nil: whoever uses it may use any.
    public init(_ database: any Database, _ scope: Scope, of owner: String? = nil, as task: Int64? = nil) {
        self.database = database
        self.scope = scope
        self.owner = owner
        self.task = task
    }

    /// What is under a key; nil: nothing.
    public func get(_ key: String) async throws -> MemoryEntry? {
        try await database.json(
            "select coalesce(agentcorp.memory_get($1, $2, $3, $4), 'null')", [scope.rawValue, owner, key, task])
    }

    /// Writes a key that has the rule `set`, which a new key gets.
    ///
    /// - Parameters:
    ///   - version: Only if that is its version; 0: only if it has no value.
    ///   - writeKey: The write counts once, however often it is repeated with the same one.
    @discardableResult
    public func set(_ key: String, _ value: JSONValue, expecting version: Int? = nil, writeKey: String? = nil)
        async throws -> MemoryWrite
    {
        try await write(key, value, by: .set, expecting: version, writeKey: writeKey)
    }

    /// Adds an element to the array under a key, which is made with the rule `append`.
    @discardableResult
    public func append(_ key: String, _ element: JSONValue, writeKey: String? = nil) async throws -> MemoryWrite {
        try await write(key, element, by: .append, writeKey: writeKey)
    }

    /// Writes a key by its rule. A new key gets this rule, `set` where there is none.
    @discardableResult
    public func write(
        _ key: String, _ change: JSONValue, by merge: MemoryMerge? = nil, expecting version: Int? = nil,
        writeKey: String? = nil
    ) async throws -> MemoryWrite {
        try await database.json(
            "select to_jsonb(w) from agentcorp.memory_set($1, $2, $3, $4, $5, $6, $7, $8) w",
            [
                scope.rawValue, owner, key, PostgresJSON(change.bytes), version.map { Int32(clamping: $0) },
                merge?.rawValue, task, writeKey,
            ])
    }

    /// Deletes the value of a key, as a version of it; its history and its rule stay. False: it has none, or another
    /// version than the expected.
    @discardableResult
    public func delete(_ key: String, expecting version: Int? = nil) async throws -> Bool {
        let result = try await database.call(
            "select written from agentcorp.memory_delete($1, $2, $3, $4, $5)",
            [scope.rawValue, owner, key, version.map { Int32(clamping: $0) }, task])
        return try result.rows[0].bool(0)
    }

    /// Says by which rule a key is written; possible while it has no value.
    public func declare(_ key: String, _ merge: MemoryMerge) async throws {
        _ = try await database.call(
            "select agentcorp.memory_declare($1, $2, $3, $4, $5)", [scope.rawValue, owner, key, merge.rawValue, task])
    }

    /// Keys that have a value, in their order. Values over 8 KiB are left out.
    ///
    /// - Parameter last: The key to go on from.
    public func list(prefix: String = "", after last: String = "", limit: Int = 100) async throws -> [MemoryEntry] {
        try await database.json(
            """
            select coalesce(jsonb_agg(m order by m ->> 'key' collate "C"), '[]') from agentcorp.memory_list($1, $2, $3, $4, $5, $6) m
            """, [scope.rawValue, owner, prefix, last, Int32(clamping: limit), task])
    }

    /// Finds keys by words in key and value, the best first: words, `"phrases"`, `or`, `-without`.
    ///
    /// - Parameter language: A text search configuration of PostgreSQL, such as `english` for word stems.
    public func search(_ query: String, limit: Int = 20, language: String = "simple") async throws -> [MemoryMatch] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(m) order by m.ordinality), '[]')
            from agentcorp.memory_search($1, $2, $3, $4, $5::text::regconfig, $6) with ordinality m
            """, [scope.rawValue, owner, query, Int32(clamping: limit), language, task])
    }

    /// What was written to a key, the latest first.
    ///
    /// - Parameter version: Only what was written before it.
    public func history(_ key: String, before version: Int? = nil, limit: Int = 50) async throws -> [MemoryVersion] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(h) order by h.version desc), '[]') from agentcorp.memory_history($1, $2, $3, $4, $5, $6) h
            """,
            [scope.rawValue, owner, key, version.map { Int32(clamping: $0) }, Int32(clamping: limit), task])
    }

    /// The keys that are written after this returns, or only one of them, as they come.
    ///
    /// A key that is written often is told as it is when it is looked at; what was between stands in its history.
    public func watch(_ key: String? = nil) async throws -> MemoryChanges {
        MemoryChanges(memory: self, key: key, position: try await changes(since: nil, key: key).reached)
    }

    /// The keys that were written since a position, and the position to go on from; without one, none and the present one.
    func changes(since position: String?, key: String?) async throws -> MemoryPage {
        try await database.json(
            "select to_jsonb(c) from agentcorp.memory_changes($1, $2, $3, $4, $5) c",
            [scope.rawValue, owner, position, key, task])
    }
}
