/// Takes secrets out of what servers say before it gets into messages and logs.
struct Scrubber: Sendable {
    private let secrets: [String]

    /// The values of the settings that can be read. Short ones would be found in words that are no secrets; those that
    /// are written out in a configuration are more often no secret at all.
    init(_ settings: [MCPSetting], environment: [String: String]) {
        secrets = settings.compactMap { setting in
            guard let value = try? setting.read(from: environment, for: "") else { return nil }
            if case .literal = setting { return value.utf8.count >= 8 ? value : nil }
            return value.utf8.count >= 4 ? value : nil
        }.sorted { $0.utf8.count > $1.utf8.count }
    }

    func scrub(_ text: String) -> String {
        secrets.reduce(text) { $0.replacing($1, with: "***") }
    }
}
