internal import FoundationEssentials
internal import JSON

/// What the offline provider answers: rules, of which the first that fits a request is followed.
///
/// docs/providers.md describes the form. The answer depends on the request alone, so that a run that is taken up again
/// goes the same way.
public struct OfflineScript: Sendable {
    /// In the model's name.
    let name: String
    /// Whether the first text of a conversation says that it comes from no model.
    let isLabelled: Bool
    let rules: [OfflineRule]

    /// What is answered without a script: what was said; with a schema, an example that fits it.
    public static let builtIn = OfflineScript(name: "built-in", isLabelled: true, rules: [])

    init(name: String, isLabelled: Bool, rules: [OfflineRule]) {
        self.name = name
        self.isLabelled = isLabelled
        self.rules = rules
    }

    /// Reads a script. Throws `ProviderConfigurationError` that names the rule and the field.
    public init(file path: String) throws {
        try self.init(NamedFile.bytes(path), at: path)
    }

    /// Reads a script.
    ///
    /// - Parameter place: Where it comes from, for errors.
    public init(_ text: some Sequence<UInt8>, at place: String) throws {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text)
        } catch {
            throw ProviderConfigurationError("\(place): \(error)")
        }
        let fields = try JSONFields(value, at: place, known: ["name", "label", "rules"])
        name = try fields.string("name") ?? "script"
        isLabelled = try fields.bool("label") ?? true
        rules = try (fields.array("rules") ?? []).enumerated().map { index, rule in
            try OfflineRule(rule, at: "\(place): rule \(index + 1)")
        }
    }
}
