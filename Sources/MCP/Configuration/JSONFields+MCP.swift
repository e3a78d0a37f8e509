internal import JSON

extension JSONFields {
    /// A part of the configuration of servers. Every mistake is an `MCPError`.
    ///
    /// - Parameter known: The names that a member may have; nil: any.
    init(configuration value: JSONValue, at place: String, known: [String]?) throws {
        guard case .object(let members) = value else {
            throw MCPError(.configuration, "\(place.isEmpty ? "the document" : place) must be a JSON object.")
        }
        try self.init(members, at: place, known: known) { field, what in
            MCPError(.configuration, "\(place.isEmpty ? "" : "\(place): ")`\(field)` \(what).")
        } unknown: { field, meant in
            let hint =
                meant.map { "Did you mean \"\($0)\"?" } ?? "Known: \((known ?? []).joined(separator: ", "))."
            return MCPError(.configuration, "\(place) has an unknown field \"\(field)\". \(hint)")
        }
    }

    func has(_ field: String) -> Bool { value(field) != nil }

    /// Throws when one of the fields is there: they belong to another kind of server.
    func refuse(_ fields: [String], with other: String) throws {
        for field in fields where has(field) { throw mistake(field, "does not go with `\(other)`") }
    }

    func setting(_ field: String) throws -> MCPSetting? { try value(field).map { try setting($0, of: field) } }

    func settings(_ field: String) throws -> [String: MCPSetting]? {
        try object(field)?.mapValues { try setting($0, of: field) }
    }

    private func setting(_ value: JSONValue, of field: String) throws -> MCPSetting {
        switch value {
        case .string(let text): return .literal(text)
        case .object(let members) where members.count == 1:
            if let name = members["env"]?.string { return .environment(name) }
            if let path = members["file"]?.string { return .file(path) }
        default: break
        }
        throw mistake(field, "must be a string, {\"env\": VARIABLE} or {\"file\": PATH}")
    }
}
