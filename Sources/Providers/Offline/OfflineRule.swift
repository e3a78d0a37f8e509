internal import JSON

/// When something is answered, and what.
struct OfflineRule: Sendable {
    struct Call: Sendable {
        let name: String
        let arguments: JSONValue
    }

    static let fields = ["when", "reply", "calls", "value", "refusal", "finish", "fail", "delay", "pace"]

    let condition: OfflineCondition
    let reply: String?
    let calls: [Call]
    /// The answer as JSON, for requests with a schema.
    let value: JSONValue?
    let refusal: String?
    let finish: FinishReason?
    let failure: OfflineFailure?
    /// Before the answer, and between its words.
    let delay: Duration
    let pace: Duration

    /// Throws `ProviderConfigurationError` that names the field.
    init(_ rule: JSONValue, at place: String) throws {
        let fields = try JSONFields(
            rule, at: place,
            known: Self.fields)
        condition = try OfflineCondition(fields.value("when") ?? [:], at: "\(place).when")
        reply = try fields.string("reply")
        value = fields.value("value")
        refusal = try fields.string("refusal")
        finish = try fields.string("finish").map { FinishReason(rawValue: $0) }
        failure = try fields.value("fail").map { try OfflineFailure($0, at: "\(place).fail") }
        delay = try fields.seconds("delay") ?? .zero
        pace = try fields.seconds("pace") ?? .zero
        calls = try (fields.array("calls") ?? []).enumerated().map { index, call in
            let fields = try JSONFields(call, at: "\(place).calls[\(index)]", known: ["name", "arguments"])
            guard let name = try fields.string("name") else {
                throw ProviderConfigurationError("\(fields.place) lacks \"name\", the tool to call")
            }
            return Call(name: name, arguments: .object(try fields.object("arguments") ?? [:]))
        }
        guard reply != nil || !calls.isEmpty || value != nil || refusal != nil || failure != nil else {
            throw ProviderConfigurationError(
                "\(place) says nothing: it needs \"reply\", \"calls\", \"value\", \"refusal\" or \"fail\"")
        }
        let groups = condition.userPatterns.reduce(0) { $0 + $1.groups }
        for text in [reply, refusal].compactMap(\.self) {
            try OfflineTemplate.check(text, groups: groups, at: place)
        }
        for value in [value].compactMap(\.self) + calls.map(\.arguments) {
            try OfflineTemplate.check(value, groups: groups, at: place)
        }
    }
}
