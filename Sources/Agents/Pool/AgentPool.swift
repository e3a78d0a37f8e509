internal import JSON
internal import Postgres
public import Providers
public import Queue

/// The agents that tasks are given to: the typed shell over `agentcorp.put_agents` and its neighbours.
///
/// Every configuration that an agent has had is a version; a task keeps the one that it began with. Throws `QueueError`
/// for what the functions refuse: `unknownTask` (AC001) where there is no such agent.
public struct AgentPool: Sendable {
    /// How an agent is chosen among those that fit.
    public enum Preference: String, Sendable, CaseIterable {
        /// The one with the fewest tasks for what it may do at once.
        case leastBusy = "least_busy"
        /// The one with the lowest price; those without one last.
        case cheapest
    }

    private let database: any Database
    /// Where the prices of models are known from.
    private let prices: PriceTable

    public init(_ database: any Database, prices: PriceTable = .builtIn) {
        self.database = database
        self.prices = prices
    }

    /// Reads a folder and puts its agents into the pool, all or none. Agents that are not in the folder stay.
    ///
    /// Throws `AgentConfigError` with all that is wrong in any of the files; nothing has changed then.
    @discardableResult
    public func load(_ folder: String, vocabulary: AgentVocabulary = .any) async throws -> [AgentChange] {
        try await put(AgentFolder.load(folder, vocabulary: vocabulary))
    }

    /// Puts agents into the pool, all or none, and says by name what has changed.
    ///
    /// - Parameter isDryRun: Only says what would change.
    @discardableResult
    public func put(_ configs: [AgentConfig], isDryRun: Bool = false) async throws -> [AgentChange] {
        let agents = configs.map { config in
            var members: [String: JSONValue] = ["config": config.json]
            members["price"] = price(of: config).map { .number($0) }
            return JSONValue.object(members)
        }
        return try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(a)), '[]') from agentcorp.put_agents($1, $2) a
            """, [PostgresJSON(JSONValue.array(agents).bytes), isDryRun])
    }

    /// What a million tokens of the first model cost, three of input to one of output; nil when that is not known.
    private func price(of config: AgentConfig) -> Double? {
        guard let model = config.models.first,
            let price = prices.price(provider: model.provider, model: model.model)
        else { return nil }
        return (Double(price.input.nanodollars) * 3 + Double(price.output.nanodollars)) / 4e9
    }

    /// The configuration of an agent: the current one, or that of a version.
    public func agent(named name: String, version: Int? = nil) async throws -> (version: Int, config: AgentConfig) {
        let result = try await database.call(
            "select version, config from agentcorp.agent_config($1, $2)", [name, version.map { Int32(clamping: $0) }])
        let row = result.rows[0]
        let config = try JSONValue(parsing: row.bytes(1))
        return (Int(try row.int32(0)), try AgentConfig(config, name: name))
    }

    /// The name of the agent that fits best.
    ///
    /// - Parameters:
    ///   - role: Nil: any.
    ///   - skills: All of them are needed.
    public func pick(role: String?, skills: [String] = [], by preference: Preference = .leastBusy) async throws
        -> String
    {
        guard let name = try await pick(role: role, skills: skills, by: preference, besides: []) else {
            throw QueueError(.unknownTask, "no agent fits")
        }
        return name
    }

    /// The same among those that are not named; nil when there are no others.
    public func pick(
        role: String?, skills: [String], by preference: Preference, besides names: [String]
    ) async throws -> String? {
        let result = try await database.call(
            "select agentcorp.pick_agent($1, $2, $3, $4)", [role, skills, preference.rawValue, names])
        return try result.rows[0].stringOrNil(0)
    }

    /// The agents by name.
    public func list() async throws -> [AgentRecord] {
        try await database.json("select coalesce(jsonb_agg(to_jsonb(a) order by a.name), '[]') from agentcorp.agents a")
    }

    /// The versions of an agent, the newest first; none where it has never been in the pool.
    public func versions(of name: String) async throws -> [AgentVersionRecord] {
        try await database.json(
            """
            select coalesce(jsonb_agg(to_jsonb(v) order by v.version desc), '[]') from agentcorp.agent_versions v where v.name = $1
            """, [name])
    }

    /// Takes an agent out of the pool. Tasks that it has go on.
    public func remove(_ name: String) async throws {
        _ = try await database.call("select agentcorp.remove_agent($1)", [name])
    }
}
