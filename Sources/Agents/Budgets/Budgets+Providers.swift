internal import Postgres
internal import Queue

extension Budgets {
    /// Limits the calls of a model, or of all models of a provider, across the whole fleet; replaces an earlier limit.
    ///
    /// - Parameters:
    ///   - model: Nil: all of the provider. Where both are limited, both must have room.
    ///   - concurrency: How many calls may be under way at once.
    ///   - requests: How many may begin in a minute.
    ///   - tokens: How many tokens they may use in a minute: as estimated when they begin, as billed when they have ended.
    public func setLimit(
        provider: String, model: String? = nil, concurrency: Int? = nil, requests: Int? = nil, tokens: Int64? = nil
    ) async throws {
        _ = try await database.call(
            "select agentcorp.set_provider_limit($1, $2, $3, $4, $5)",
            [
                provider, model ?? "*", concurrency.map { Int32(clamping: $0) }, requests.map { Int32(clamping: $0) },
                tokens,
            ])
    }

    /// Ends a limit, and a cool-down with it. False: there was none.
    @discardableResult
    public func removeLimit(provider: String, model: String? = nil) async throws -> Bool {
        try await database.call("select agentcorp.remove_provider_limit($1, $2)", [provider, model ?? "*"]).rows[0]
            .bool(0)
    }

    /// Nothing calls a model, or any model of a provider, for a while: what was told to wait makes the others wait too.
    ///
    /// A longer cool-down stays.
    public func coolDown(
        provider: String, model: String? = nil, for duration: Duration, reason: String? = nil
    ) async throws {
        _ = try await database.call(
            "select agentcorp.cool_down($1, $2, agentcorp.clock() + $3, $4)",
            [provider, model ?? "*", duration, reason])
    }

    /// Ends a cool-down.
    public func warmUp(provider: String, model: String? = nil) async throws {
        _ = try await database.call("select agentcorp.cool_down($1, $2, null)", [provider, model ?? "*"])
    }

    /// Limits and cool-downs of providers and models.
    public func limits() async throws -> [ProviderLimitRecord] {
        try await database.json(
            "select coalesce(jsonb_agg(to_jsonb(l) order by l.provider, l.model), '[]') from agentcorp.provider_limits l"
        )
    }
}
