internal import JSON

/// What every request of the modern era says of its sender, as there is no handshake that could.
enum RequestMeta {
    static let clientInfo: JSONValue = ["name": "agentcorp", "version": "0.1.0"]

    /// The parameters with that added to their `_meta`.
    static func modern(_ params: [String: JSONValue]) -> [String: JSONValue] {
        var own: [String: JSONValue] = [:]
        if case .object(let meta)? = params["_meta"] { own = meta }
        own["io.modelcontextprotocol/protocolVersion"] = .string(Revision.modern.description)
        own["io.modelcontextprotocol/clientCapabilities"] = [:]
        own["io.modelcontextprotocol/clientInfo"] = clientInfo
        return params.merging(["_meta": .object(own)]) { $1 }
    }
}
