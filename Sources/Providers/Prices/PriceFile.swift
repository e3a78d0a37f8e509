internal import JSON

/// Reads a price table: `{"as_of": "…", "providers": {"openai": {"gpt-5": {"input": 1.25, …}}}}`.
enum PriceFile {
    private static let price = ["input", "output", "cache_read", "cache_write"]

    /// Throws `ProviderConfigurationError` that names the place.
    static func read(_ value: JSONValue, at place: String) throws -> [String: [String: ModelPrice]] {
        let top = try JSONFields(value, at: place, known: ["as_of", "source", "providers"])
        var table: [String: [String: ModelPrice]] = [:]
        for (provider, models) in try top.object("providers") ?? [:] {
            guard case .object(let models) = models else {
                throw ProviderConfigurationError("\(place): providers.\(provider) must be an object of models")
            }
            table[provider] = try Dictionary(
                uniqueKeysWithValues: models.map { name, value in
                    let fields = try JSONFields(
                        value, at: "\(place): \(provider) \(name)",
                        known: price + ["context_window", "max_output", "above"])
                    return (name, try model(fields))
                })
        }
        return table
    }

    private static func model(_ fields: JSONFields) throws -> ModelPrice {
        var price = try rates(fields)
        price.contextWindow = try fields.integer("context_window", in: 1...1_000_000_000)
        price.maxOutput = try fields.integer("max_output", in: 1...1_000_000_000)
        guard let above = try fields.fields("above", known: Self.price + ["tokens"]) else { return price }
        guard let tokens = try above.integer("tokens", in: 1...1_000_000_000) else {
            throw ProviderConfigurationError("\(above.place) lacks \"tokens\"")
        }
        let rates = try rates(above)
        price.above = LongContextPrice(
            tokens: tokens, input: rates.input, output: rates.output, cacheRead: rates.cacheRead,
            cacheWrite: rates.cacheWrite)
        return price
    }

    private static func rates(_ fields: JSONFields) throws -> ModelPrice {
        guard let input = try dollars("input", fields), let output = try dollars("output", fields) else {
            throw ProviderConfigurationError(
                "\(fields.place) lacks \"input\" or \"output\": dollars per million tokens")
        }
        return ModelPrice(
            input: input, output: output, cacheRead: try dollars("cache_read", fields),
            cacheWrite: try dollars("cache_write", fields))
    }

    /// A number, or a string with a decimal, which is exact.
    private static func dollars(_ name: String, _ fields: JSONFields) throws -> USD? {
        guard let value = fields.value(name) else { return nil }
        let amount: USD? =
            switch value {
            case .string(let text): USD(text)
            case .integer(let whole): USD("\(whole)")
            // A decimal of a few digits is near enough to its binary form to be found again.
            case .number(let number) where number.magnitude < 1e6:
                USD(nanodollars: Int64((number * 1e9).rounded()))
            default: nil
            }
        guard let amount, amount >= .zero else {
            throw ProviderConfigurationError(
                "\(fields.place).\(name) must be dollars per million tokens, such as 1.25, not \(value.text)")
        }
        return amount
    }
}
