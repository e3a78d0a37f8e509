internal import JSON

/// Reads the members of a JSON object, and says what is wrong with them.
struct ConfigurationReader {
    private let members: [String: JSONValue]
    private let place: String

    /// - Parameter known: The names that a member may have; nil: any.
    init(_ value: JSONValue, place: String, known: [String]?) throws {
        self.place = place
        guard case .object(let members) = value else {
            throw MCPError(.configuration, "\(place.isEmpty ? "the document" : place) must be a JSON object.")
        }
        self.members = members
        for name in members.keys.sorted() {
            guard let known, !known.contains(name) else { continue }
            let guess = Spelling.nearest(to: name, in: known).map { "Did you mean \"\($0)\"?" }
            throw MCPError(
                .configuration,
                "\(place) has an unknown field \"\(name)\". \(guess ?? "Known: \(known.joined(separator: ", ")).")")
        }
    }

    func mistake(_ field: String, _ what: String) -> MCPError {
        MCPError(.configuration, "\(place.isEmpty ? "" : "\(place): ")`\(field)` \(what).")
    }

    func has(_ field: String) -> Bool { value(field) != nil }

    /// Throws when one of the fields is there: they belong to another kind of server.
    func refuse(_ fields: [String], with other: String) throws {
        for field in fields where has(field) { throw mistake(field, "does not go with `\(other)`") }
    }

    func object(_ field: String) throws -> [String: JSONValue]? {
        guard let value = value(field) else { return nil }
        guard case .object(let members) = value else { throw mistake(field, "must be an object") }
        return members
    }

    /// - Parameter orNil: Whether something else than a string is no mistake.
    func string(_ field: String, orNil: Bool = false) throws -> String? {
        guard let value = value(field) else { return nil }
        guard let text = value.string else {
            if orNil { return nil }
            throw mistake(field, "must be a string")
        }
        return text
    }

    func strings(_ field: String) throws -> [String]? {
        guard let value = value(field) else { return nil }
        guard case .array(let elements) = value, elements.allSatisfy({ $0.string != nil }) else {
            throw mistake(field, "must be an array of strings")
        }
        return elements.compactMap(\.string)
    }

    func dictionary(_ field: String) throws -> [String: String]? {
        try object(field)?.mapValues { value in
            guard let text = value.string else { throw mistake(field, "must hold strings") }
            return text
        }
    }

    func seconds(_ field: String) throws -> Duration? {
        switch value(field) {
        case nil: return nil
        case .integer(let seconds) where (1...86_400).contains(seconds): return .seconds(seconds)
        case .number(let seconds) where seconds > 0 && seconds <= 86_400: return .seconds(seconds)
        default: throw mistake(field, "must be a number of seconds, at most 86400")
        }
    }

    func integer(_ field: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value = value(field) else { return nil }
        guard case .integer(let number) = value, range.contains(Int(number)) else {
            throw mistake(field, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(number)
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

    private func value(_ field: String) -> JSONValue? { members[field].flatMap { $0 == .null ? Optional.none : $0 } }
}
