internal import Postgres
internal import Providers
public import Queue

/// What tasks may use, what providers allow, and what all of it has cost: the typed shell over `agentcorp.set_budget` and
/// its neighbours.
///
/// A call of a model is reserved in the budgets of its task and of all tasks above it and settled afterwards, so a budget
/// is not exceeded by what is granted, however many calls run at once.
public struct Budgets: Sendable {
    let database: any Database

    public init(_ database: any Database) {
        self.database = database
    }

    /// Limits what a task and all below it may use from now on; again: replaces the limits, what is spent stays.
    ///
    /// Throws `QueueError` where there is no such task (AC001), and where the budget limits nothing (AC007).
    public func set(_ budget: AgentBudget, for task: Int64) async throws {
        _ = try await database.call(
            "select agentcorp.set_budget($1, $2::text::numeric, $3, $4, $5)",
            [task, budget.usd?.description, budget.tokens, budget.turns.map { Int32(clamping: $0) }, budget.time])
    }

    /// Ends the budget of a task; those above still count. False: it had none.
    @discardableResult
    public func remove(for task: Int64) async throws -> Bool {
        try await database.call("select agentcorp.remove_budget($1)", [task]).rows[0].bool(0)
    }

    /// What a task may still reserve: the least that its own budget and those above leave; nil is no limit.
    public func left(for task: Int64) async throws -> AgentBudget {
        let left: BudgetLeft = try await database.json(
            """
            select jsonb_build_object('usd', trunc(b.usd, 9)::text, 'tokens', b.tokens, 'turns', b.turns,
                'milliseconds', floor(extract(epoch from b.time_left) * 1000)) from agentcorp.budget_left($1) b
            """, [task])
        return AgentBudget(
            usd: left.usd, tokens: left.tokens, turns: left.turns, time: left.milliseconds.map { .milliseconds($0) })
    }

    /// Budgets, the latest first.
    public func list(of task: Int64? = nil, limit: Int = 50) async throws -> [BudgetRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(b) - 'time_limit' || jsonb_build_object('usd', round(b.usd, 9)::text,
                'usd_spent', round(b.usd_spent, 9)::text, 'usd_reserved', round(b.usd_reserved, 9)::text) order by b.task_id desc), '[]')
            from (select * from agentcorp.budgets b where $1::bigint is null or b.task_id = $1 order by b.task_id desc limit $2) b
            """, [task, Int32(clamping: limit)])
    }

    /// What models have been used for, the dearest first, or the latest day.
    public func costs(_ filter: CostFilter = CostFilter()) async throws -> [CostRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('usd', round(c.usd, 9)::text) order by c.ordinality), '[]')
            from agentcorp.costs($1, $2, $3, $4) with ordinality c
            """,
            [
                filter.grouping.rawValue, filter.since.map { PostgresTimestamp($0) },
                filter.until.map { PostgresTimestamp($0) }, Int32(clamping: filter.limit),
            ])
    }
}

/// `agentcorp.budget_left` as JSON.
private struct BudgetLeft: Decodable {
    let usd: USD?
    let tokens: Int64?
    let turns: Int?
    let milliseconds: Int64?
}
