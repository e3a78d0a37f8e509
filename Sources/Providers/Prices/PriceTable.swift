/// What models cost, by provider and model.
public struct PriceTable: Sendable, Hashable {
    /// By provider, then by the beginning of a model's name.
    private var models: [String: [String: ModelPrice]]

    public init(_ models: [String: [String: ModelPrice]] = [:]) {
        self.models = models
    }

    /// The price of the longest name in the table that is the model's, or that the model's name continues with `-`,
    /// `@` or `:` and a date, a version or another tag (`gpt-5-2026-01-01` costs what `gpt-5` does). Nil when there is
    /// none: then the cost is unknown, not 0.
    public func price(provider: String, model: String) -> ModelPrice? {
        guard let names = models[provider] else { return nil }
        if let price = names[model] { return price }
        return names.filter { name, _ in Self.isVersion(model, of: name) }.max { $0.key.count < $1.key.count }?.value
    }

    /// What a response cost: what the provider says it charged, else the price of its tokens. Nil when neither is known.
    public func cost(of usage: TokenUsage, provider: String, model: String) -> USD? {
        usage.cost ?? price(provider: provider, model: model)?.cost(of: usage)
    }

    /// A word that is no version tells another model: `gpt-5-mini` does not cost what `gpt-5` does.
    private static func isVersion(_ model: String, of name: String) -> Bool {
        guard model.hasPrefix(name) else { return false }
        let rest = model.dropFirst(name.count)
        guard let mark = rest.first, "-@:".contains(mark), let first = rest.dropFirst().first else { return false }
        return first.isWholeNumber || rest.dropFirst() == "latest"
    }
}
