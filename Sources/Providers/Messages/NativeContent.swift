public import JSON

/// A message in its provider's own form.
public struct NativeContent: Sendable, Hashable, Codable {
    /// The name of the provider that wrote it.
    public var provider: String
    /// The model that the request asked for: signatures are valid for it alone.
    public var model: String
    public var content: JSONValue

    public init(provider: String, model: String, content: JSONValue) {
        self.provider = provider
        self.model = model
        self.content = content
    }
}
