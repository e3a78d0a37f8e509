internal import JSON

/// What a server says of a tool's behaviour; nil where it says nothing.
public struct MCPToolAnnotations: Sendable, Hashable {
    public var readOnlyHint: Bool?
    public var destructiveHint: Bool?
    public var idempotentHint: Bool?
    public var openWorldHint: Bool?

    public init(
        readOnlyHint: Bool? = nil, destructiveHint: Bool? = nil, idempotentHint: Bool? = nil, openWorldHint: Bool? = nil
    ) {
        self.readOnlyHint = readOnlyHint
        self.destructiveHint = destructiveHint
        self.idempotentHint = idempotentHint
        self.openWorldHint = openWorldHint
    }

    init(_ value: JSONValue?) {
        func hint(_ name: String) -> Bool? {
            guard case .bool(let hint)? = value?[name] else { return nil }
            return hint
        }
        self.init(
            readOnlyHint: hint("readOnlyHint"), destructiveHint: hint("destructiveHint"),
            idempotentHint: hint("idempotentHint"), openWorldHint: hint("openWorldHint"))
    }
}
