/// What a model costs and how much it takes.
public struct ModelPrice: Sendable, Hashable {
    /// Per million tokens, as all of these.
    public var input: USD
    public var output: USD
    /// Input that was read from the cache; nil: as `input`.
    public var cacheRead: USD?
    /// Input that was written to the cache; nil: as `input`.
    public var cacheWrite: USD?
    /// Another price for long requests.
    public var above: LongContextPrice?
    /// The most tokens of input; where the provider counts them together, of input and output.
    public var contextWindow: Int?
    /// The most tokens of output.
    public var maxOutput: Int?

    public init(
        input: USD, output: USD, cacheRead: USD? = nil, cacheWrite: USD? = nil, above: LongContextPrice? = nil,
        contextWindow: Int? = nil, maxOutput: Int? = nil
    ) {
        self.input = input
        self.output = output
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.above = above
        self.contextWindow = contextWindow
        self.maxOutput = maxOutput
    }

    /// What these tokens cost, rounded up to a nano-dollar once, at the end.
    public func cost(of usage: TokenUsage) -> USD {
        if let above, usage.input > above.tokens {
            return ModelPrice(
                input: above.input, output: above.output, cacheRead: above.cacheRead, cacheWrite: above.cacheWrite
            ).cost(of: usage)
        }
        // A server that counts more cached tokens than tokens is not given the difference back.
        let fresh = max(0, usage.input - usage.cacheRead - usage.cacheWrite)
        let millionths =
            Self.product(input, fresh) + Self.product(cacheRead ?? input, usage.cacheRead)
            + Self.product(cacheWrite ?? input, usage.cacheWrite) + Self.product(output, usage.output)
        return USD(nanodollars: Int64(clamping: (millionths + 999_999) / 1_000_000))
    }

    private static func product(_ price: USD, _ tokens: Int) -> Int128 {
        Int128(price.nanodollars) * Int128(max(0, tokens))
    }
}
