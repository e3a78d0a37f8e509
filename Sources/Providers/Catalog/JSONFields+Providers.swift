internal import JSON

extension JSONFields {
    /// An object in a file that a person wrote, who may have put a `comment` anywhere. Every mistake is a
    /// `ProviderConfigurationError` that names the place.
    init(_ value: JSONValue, at place: String, known: [String]) throws {
        guard case .object(var members) = value else {
            throw ProviderConfigurationError("\(place) must be an object, not \(value.text.prefix(80))")
        }
        members["comment"] = nil
        try self.init(members, at: place, known: known) { [members] field, what in
            let given = members[field].map { " is \($0.text.prefix(80)); it" } ?? ""
            return ProviderConfigurationError("\(place).\(field)\(given) \(what)")
        } unknown: { field, meant in
            ProviderConfigurationError(
                "\(place) has an unknown field \"\(field)\""
                    + (meant.map { "; did you mean \"\($0)\"?" } ?? ". Known are \(known.joined(separator: ", "))"))
        }
    }

    func fields(_ name: String, known: [String]) throws -> JSONFields? {
        try value(name).map { try JSONFields($0, at: "\(place).\(name)", known: known) }
    }
}
