public import JSON
internal import Postgres
public import Queue

/// What people decide.
extension TaskManager {
    /// What waits for a person; with `isOpen` false, what was decided or has gone on without a decision, too. The oldest
    /// first.
    public func approvals(isOpen: Bool = true, limit: Int = 50) async throws -> [ApprovalRecord] {
        try await list(
            """
            select to_jsonb(a) from agentcorp.approvals a where not $1 or a.decided_at is null and a.state = 'open'
            order by a.created_at, a.id limit $2
            """, [isOpen, Int32(clamping: limit)])
    }

    /// Throws `QueueError` with code `unknownTask` when there is none.
    public func approval(_ id: Int64) async throws -> ApprovalRecord {
        let found: [ApprovalRecord] = try await list(
            "select to_jsonb(a) from agentcorp.approvals a where a.id = $1", [id])
        guard let approval = found.first else {
            throw QueueError(
                .unknownTask, "unknown approval \(id)", hint: "Look it up with: agentcorp approvals list",
                sqlState: "AC001")
        }
        return approval
    }

    /// Answers a request as it was shown; its task goes on. Refused, with code `wrongState`, when it has expired, when
    /// somebody else was first, and when it is about something else by now.
    ///
    /// - Parameters:
    ///   - decision: One of those that the request offers.
    ///   - person: Who decides; the database role if nil. Where there are approvers it must be one of them.
    ///   - response: With `respond` what the model is told in place of a result; with others, a reason.
    ///   - edited: With `edit`, the arguments or the value to go on with, whole.
    ///   - always: Makes a rule of it.
    /// - Returns: The id of the rule.
    @discardableResult
    public func decide(
        _ approval: ApprovalRecord, _ decision: String, by person: String? = nil, response: String? = nil,
        edited: JSONValue? = nil, always: AlwaysRule? = nil
    ) async throws -> Int? {
        try await decide(
            approval.id, decision, by: person, response: response, edited: edited, hash: approval.hash, always: always)
    }

    /// The same by id. Edited arguments that do not fit the schema of their tool are refused, with code `invalidValue`.
    ///
    /// - Parameter hash: Of what was shown, its first 8 digits at least; nil: whatever it is about.
    @discardableResult
    public func decide(
        _ approval: Int64, _ decision: String, by person: String? = nil, response: String? = nil,
        edited: JSONValue? = nil, hash: String? = nil, always: AlwaysRule? = nil
    ) async throws -> Int? {
        if let edited { try await check(edited, for: approval) }
        let result = try await database.call(
            "select agentcorp.decide($1, $2, $3, $4, $5, $6, $7)",
            [
                approval, decision, person, response, edited.map { PostgresJSON($0.bytes) }, hash,
                always.map { PostgresJSON($0.json.bytes) },
            ])
        return try result.rows[0].int32OrNil(0).map { Int($0) }
    }

    private func check(_ edited: JSONValue, for id: Int64) async throws {
        let approval = try await approval(id)
        guard let schema = approval.schema.flatMap({ try? JSONSchema($0) }) else { return }
        let violations = schema.violations(of: edited)
        guard !violations.isEmpty else { return }
        throw QueueError(
            .invalidValue,
            "the arguments do not fit \(approval.tool ?? "the tool"): "
                + violations.map(\.description).joined(separator: "; "),
            hint: "Nothing was decided. What they must look like: agentcorp approvals show \(id) --json",
            sqlState: "AC007")
    }

    /// The rules by which calls are decided without asking, the oldest first.
    public func approvalRules() async throws -> [ApprovalRuleRecord] {
        try await list("select to_jsonb(r) from agentcorp.approval_rules r order by r.id", [])
    }

    /// From now on calls of a tool are approved or rejected without asking. What is nil does not restrict the rule.
    ///
    /// - Parameters:
    ///   - tool: Its name, or how it begins, with `*` after it: `terminal.*`.
    ///   - run: Any task of the run.
    ///   - args: What the arguments contain, an object.
    ///   - reason: Which question it answers.
    @discardableResult
    public func addApprovalRule(
        _ decision: AlwaysRule.Decision, tool: String, agent: String? = nil, run: Int64? = nil, args: JSONValue? = nil,
        reason: AlwaysRule.Reason = .policy, expires: Duration? = nil, by person: String? = nil
    ) async throws -> Int {
        let result = try await database.call(
            "select agentcorp.add_approval_rule($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                decision.rawValue, tool, agent, run, args.map { PostgresJSON($0.bytes) }, reason.rawValue, expires,
                person,
            ])
        return Int(try result.rows[0].int32(0))
    }

    /// Removes a rule; what it has decided stands. False: there was none.
    @discardableResult
    public func removeApprovalRule(_ id: Int) async throws -> Bool {
        let result = try await database.call("select agentcorp.remove_approval_rule($1)", [Int32(clamping: id)])
        return try result.rows[0].bool(0)
    }
}
