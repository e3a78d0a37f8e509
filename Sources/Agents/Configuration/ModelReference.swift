/// A model and where it is asked: `anthropic/claude-sonnet-4-5`.
public struct ModelReference: Sendable, Hashable, CustomStringConvertible {
    /// The name of a provider.
    public var provider: String
    /// The provider's own name of the model; it may contain slashes.
    public var model: String

    public init(provider: String, model: String) {
        self.provider = provider
        self.model = model
    }

    /// Splits `provider/model` at the first slash; nil where there is none, or nothing on one of its sides.
    public init?(_ text: some StringProtocol) {
        guard let slash = text.firstIndex(of: "/"), slash > text.startIndex, text.index(after: slash) < text.endIndex
        else { return nil }
        self.init(provider: String(text[..<slash]), model: String(text[text.index(after: slash)...]))
    }

    public var description: String { "\(provider)/\(model)" }
}
