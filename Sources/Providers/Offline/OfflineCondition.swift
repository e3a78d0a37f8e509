internal import JSON

/// What a request must be like for a rule to be followed: everything that is said here.
struct OfflineCondition: Sendable {
    static let fields = [
        "turn", "model", "system_contains", "user_contains", "user_matches", "result_contains", "has_results",
        "has_schema", "has_tools",
    ]

    private let turn: Int?
    private let model: String?
    private let system: [String]
    private let user: [String]
    /// The wildcards of all of them are numbered on.
    let userPatterns: [OfflinePattern]
    private let result: [String]
    private let hasResults: Bool?
    private let hasSchema: Bool?
    private let tools: [String]

    /// Throws `ProviderConfigurationError` that names the field.
    init(_ value: JSONValue, at place: String) throws {
        let fields = try JSONFields(
            value, at: place,
            known: Self.fields)
        turn = try fields.integer("turn", in: 1...1000)
        model = try fields.string("model")
        system = try Self.texts("system_contains", fields)
        user = try Self.texts("user_contains", fields)
        userPatterns = try Self.texts("user_matches", fields).map {
            try OfflinePattern($0, at: "\(place).user_matches")
        }
        result = try Self.texts("result_contains", fields)
        hasResults = try fields.bool("has_results")
        hasSchema = try fields.bool("has_schema")
        tools = try Self.texts("has_tools", fields)
    }

    /// A string, or an array of them.
    private static func texts(_ name: String, _ fields: JSONFields) throws -> [String] {
        guard let value = fields.value(name) else { return [] }
        let texts = value.elements?.compactMap(\.string) ?? [value.string].compactMap(\.self)
        guard !texts.isEmpty else {
            throw ProviderConfigurationError("\(fields.place).\(name) must be a string or an array of strings")
        }
        return texts
    }

    /// What the pattern has found, when the request fits; else nil.
    func match(_ scene: OfflineScene) -> [String]? {
        if let turn, scene.turn != turn { return nil }
        if let model, scene.request.model != model { return nil }
        if let hasResults, scene.results.isEmpty == hasResults { return nil }
        if let hasSchema, (scene.request.outputSchema != nil) != hasSchema { return nil }
        let known = scene.request.tools.map(\.name)
        guard tools.allSatisfy({ known.contains(scene.toolName($0)) }),
            Self.contains(scene.request.system ?? "", system), Self.contains(scene.lastUser, user),
            Self.contains(scene.lastResult, result)
        else { return nil }
        var found: [String] = []
        for pattern in userPatterns {
            guard let texts = pattern.match(scene.lastUser) else { return nil }
            found += texts
        }
        return found
    }

    /// Letters in either case.
    private static func contains(_ text: String, _ phrases: [String]) -> Bool {
        guard !phrases.isEmpty else { return true }
        let text = text.lowercased()
        return phrases.allSatisfy { text.contains($0.lowercased()) }
    }
}
