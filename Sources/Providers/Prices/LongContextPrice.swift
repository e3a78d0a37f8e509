/// What a request costs, all of it, that has more input than a model's usual price covers.
public struct LongContextPrice: Sendable, Hashable {
    /// The price holds for more tokens of input than these.
    public var tokens: Int
    /// Per million tokens, as all of these.
    public var input: USD
    public var output: USD
    /// Nil: as `input`.
    public var cacheRead: USD?
    /// Nil: as `input`.
    public var cacheWrite: USD?

    public init(tokens: Int, input: USD, output: USD, cacheRead: USD? = nil, cacheWrite: USD? = nil) {
        self.tokens = tokens
        self.input = input
        self.output = output
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
    }
}
