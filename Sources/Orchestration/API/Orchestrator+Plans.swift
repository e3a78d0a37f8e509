public import FoundationEssentials
public import JSON
public import Plans
internal import Postgres
internal import Queue

extension Orchestrator {
    /// Makes documents the current versions of the plans that they name: all of them, or none.
    public func load(_ plans: [Plan]) async throws -> [LoadedPlan] {
        let named = try plans.map { plan throws(QueueError) -> JSONValue in
            guard let name = plan.name else {
                throw QueueError(.invalidValue, "a plan without a name cannot be loaded", hint: "Give it a name.")
            }
            return .object(["name": .string(name), "document": plan.document])
        }
        // One statement is one transaction.
        let result = try await manager.database.call(
            """
            select p.value ->> 'name', x.version, x.version_id, x.changed
            from jsonb_array_elements($1) with ordinality p(value, i)
            cross join lateral agentcorp.put_plan(p.value ->> 'name', p.value -> 'document') x order by p.i
            """, [JSONValue.array(named).postgres])
        return try result.rows.map { row throws in
            LoadedPlan(
                name: try row.string(0), version: Int(try row.int32(1)), id: try row.int64(2), isNew: try row.bool(3))
        }
    }

    /// The plans that can be run.
    public func plans() async throws -> [PlanRecord] {
        try await manager.database.json(
            "select coalesce(jsonb_agg(to_jsonb(p) order by p.name), '[]') from agentcorp.plans p")
    }

    /// The versions of a plan, newest first; empty where there never was one.
    public func versions(of name: String) async throws -> [PlanVersionRecord] {
        try await manager.database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(v) - 'document' order by v.version desc), '[]')
            from agentcorp.plan_versions v where v.name = $1
            """, [name])
    }

    /// The documents of the plans that can be run, by name.
    public func documents() async throws -> [String: JSONValue] {
        try await manager.database.json(
            """
            select coalesce(jsonb_object_agg(p.name, v.document), '{}')
            from agentcorp.plans p join agentcorp.plan_versions v on v.version_id = p.version_id
            """)
    }

    /// A version of a plan, by default the current one; nil where there is none.
    public func plan(_ name: String, version: Int? = nil) async throws -> Plan? {
        let result = try await manager.database.call(
            """
            select v.document from agentcorp.plan_versions v
            where v.name = $1 and case when $2::int is null then v.is_current else v.version = $2 end
            """, [name, version.map { Int32(clamping: $0) }])
        guard let row = result.rows.first else { return nil }
        return try PlanReader.plan(from: try JSONValue(parsing: try row.bytes(0)))
    }

    /// Takes a plan out of use; the runs that have begun go on.
    public func remove(_ name: String) async throws {
        _ = try await manager.database.call("select agentcorp.remove_plan($1)", [name])
    }
}

/// A plan that can be run.
public struct PlanRecord: Sendable, Codable {
    public let name: String
    /// The one that new runs get.
    public let version: Int
    public let description: String?
    /// How many the document has at its top.
    public let tasks: Int
    /// When this version was loaded first.
    public let createdAt: Date

    enum CodingKeys: String, CodingKey {
        case name, version, description, tasks
        case createdAt = "created_at"
    }
}

/// A document that a plan is or was.
public struct PlanVersionRecord: Sendable, Codable {
    public let name: String
    public let version: Int
    public let isCurrent: Bool
    public let createdAt: Date
    /// Of the document as PostgreSQL prints it.
    public let sha256: String

    enum CodingKeys: String, CodingKey {
        case name, version, sha256
        case isCurrent = "is_current"
        case createdAt = "created_at"
    }
}
