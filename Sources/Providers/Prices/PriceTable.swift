internal import FoundationEssentials
internal import JSON

/// What models cost, by provider and model.
public struct PriceTable: Sendable, Hashable {
    /// By provider, then by a model's name, or the beginning of it.
    private var models: [String: [String: ModelPrice]]

    /// The name that stands for every model of a provider.
    private static let any = "*"

    public init(_ models: [String: [String: ModelPrice]] = [:]) {
        self.models = models
    }

    /// The built-in prices, with those of a file over them.
    ///
    /// - Throws: `ProviderConfigurationError` that names the place in the file.
    public init(file path: String) throws {
        let prices = try PriceFile.read(NamedFile.json(path), at: path)
        self = .builtIn
        for (provider, prices) in prices {
            models[provider, default: [:]].merge(prices) { $1 }
        }
    }

    /// The prices that come with the engine.
    public static let builtIn: PriceTable = {
        // A test reads it: it cannot fail.
        let value = try! JSONValue(parsing: builtInText)
        return PriceTable(try! PriceFile.read(value, at: "the built-in price table"))
    }()

    /// The price of the longest name in the table that is the model's, or that the model's name continues with a date,
    /// a version or `latest` (`gpt-5-2026-01-01` costs what `gpt-5` does). Nil when there is none: then the cost is
    /// unknown, not 0.
    public func price(provider: String, model: String) -> ModelPrice? {
        guard let names = models[provider] else { return nil }
        if let price = names[model] { return price }
        let name = names.keys.filter { Self.isVersion(model, of: $0) }.max { $0.count < $1.count }
        return names[name ?? Self.any]
    }

    /// What a response cost: what the provider says it charged, else the price of its tokens. Nil when neither is known.
    public func cost(of usage: TokenUsage, provider: String, model: String) -> USD? {
        usage.cost ?? price(provider: provider, model: model)?.cost(of: usage)
    }

    /// All prices, by provider and model.
    public var all: [(provider: String, model: String, price: ModelPrice)] {
        models.sorted { $0.key < $1.key }.flatMap { provider, models in
            models.sorted { $0.key < $1.key }.map { (provider, $0.key, $0.value) }
        }
    }

    /// A date tells a version; anything else another model: `gpt-5-mini` does not cost what `gpt-5` does, nor
    /// `claude-opus-4-5` what `claude-opus-4` does.
    private static func isVersion(_ model: String, of name: String) -> Bool {
        guard model.hasPrefix(name), let mark = model.dropFirst(name.count).first, "-@:".contains(mark) else {
            return false
        }
        let words = model.dropFirst(name.count + 1).split(separator: "-", omittingEmptySubsequences: false)
        if words == ["latest"] { return true }
        return words[0].count >= 4 && words.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber } }
    }
}
