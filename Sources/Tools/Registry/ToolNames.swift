/// The names of some tools, there and back: also of those that are too long to be decoded.
public struct ToolNames: Sendable, Hashable {
    private let sent: [String: String]
    private let own: [String: String]

    /// The same for the same names, in whatever order they come.
    public init(_ names: some Sequence<String>) {
        var sent: [String: String] = [:]
        var own: [String: String] = [:]
        for name in Set(names).sorted() {
            var encoded = ToolName.encode(name)
            var salt: UInt8 = 0
            while own[encoded] != nil {
                salt += 1
                encoded = ToolName.shortened(ToolName.escaped(name), salt: salt)
            }
            sent[name] = encoded
            own[encoded] = name
        }
        self.sent = sent
        self.own = own
    }

    /// What a provider is told; nil for a name that is not among them.
    public func sent(for name: String) -> String? { sent[name] }

    /// What a model meant: it may also use our own name. Nil for a name that is not among them.
    public func name(for sent: String) -> String? { own[sent] ?? (self.sent[sent] == nil ? nil : sent) }
}
