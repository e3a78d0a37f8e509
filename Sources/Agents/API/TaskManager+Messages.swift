internal import Postgres
public import Queue

/// What the agents of a run say to each other.
extension TaskManager {
    /// The messages of a run, oldest first.
    ///
    /// - Parameters:
    ///   - run: Any task of the run.
    ///   - number: Only those that came after this one.
    public func messages(ofRun run: Int64, after number: Int = 0, limit: Int = 1000) async throws -> [AgentMessage] {
        try await database.call(
            """
            select to_jsonb(m) from agentcorp.agent_messages m
            where m.run_id = (select t.root_id from agentcorp.tasks t where t.id = $1) and m.seq > $2
            order by m.seq limit $3
            """, [run, Int32(clamping: number), Int32(clamping: limit)]
        ).rows.map { row in try JSONCoding.decode(try row.bytes(0)) }
    }

    /// Says something to an agent of a run, or to all of them; they see it when they read their messages.
    ///
    /// - Parameters:
    ///   - agent: A name, or `all`.
    ///   - run: Any task of the run.
    ///   - sender: Who it is from; nil: the role of the database.
    /// - Returns: The number of the message in its run.
    @discardableResult
    public func sendMessage(
        _ text: String, to agent: String, run: Int64, topic: String? = nil, from sender: String? = nil
    ) async throws -> Int {
        let result = try await database.call(
            "select agentcorp.send_message($1, $2, $3, $4, $5)", [run, agent, text, topic, sender])
        return Int(try result.rows[0].int32(0))
    }
}
