internal import Logging

/// A provider as it is set up.
struct ProviderEntry: Sendable {
    enum API: String, CaseIterable {
        case openai, anthropic, xai, offline
    }

    /// Where a secret comes from.
    enum Source: Sendable, Hashable {
        case variable(String)
        case file(String)
    }

    var name: String
    var api: API?
    var dialect: OpenAIDialect?
    var url: String?
    var allowHTTP: Bool?
    /// Nil: the provider's variables.
    var keySource: Source?
    var plainHeaders: [String: String] = [:]
    var secretHeaders: [String: Source] = [:]
    var total: Duration?
    var idle: Duration?
    var retries: Int?
    var structuredOutput: StructuredOutput?
    var script: String?
    /// Whether there is nothing without a key.
    var needsKey = false

    private(set) var key: Secret?
    private(set) var headers: [String: Secret] = [:]
    /// Why it cannot be used.
    var problem: String?

    static let builtIn: [String: ProviderEntry] = {
        let entries = [
            ProviderEntry(name: "openai", api: .openai, url: "https://api.openai.com/v1", needsKey: true),
            ProviderEntry(name: "anthropic", api: .anthropic, url: "https://api.anthropic.com", needsKey: true),
            ProviderEntry(name: "xai", api: .xai, url: "https://api.x.ai/v1", needsKey: true),
            ProviderEntry(name: "ollama", api: .openai, dialect: .compatible, url: "http://127.0.0.1:11434/v1"),
            ProviderEntry(name: "offline", api: .offline),
        ]
        return Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
    }()

    /// This entry, with another's settings where it has none.
    func over(_ other: ProviderEntry) -> ProviderEntry {
        var entry = self
        entry.api = api ?? other.api
        entry.dialect = dialect ?? other.dialect
        entry.url = url ?? other.url
        entry.allowHTTP = allowHTTP ?? other.allowHTTP
        entry.needsKey = url == nil && other.needsKey
        entry.script = script ?? other.script
        return entry
    }

    /// With what the environment says.
    func reading(_ environment: [String: String]) -> ProviderEntry {
        var entry = self
        func value(_ suffix: String) -> String? {
            environment[ProviderCatalog.variable(name, suffix)].flatMap { $0.isEmpty ? nil : $0 }
        }
        if let url = value("BASE_URL"), api != .offline {
            entry.url = url
            entry.needsKey = needsKey && url.contains(Self.builtIn[name]?.url ?? url)
        }
        if let allowed = value("ALLOW_HTTP") { entry.allowHTTP = ["1", "true", "yes"].contains(allowed.lowercased()) }
        if let script = value("SCRIPT"), api == .offline { entry.script = script }
        do {
            switch keySource {
            case let source?: entry.key = try Self.secret(source, environment)
            case nil where value("API_KEY") != nil: entry.key = value("API_KEY").map { Secret($0.trimmed) }
            case nil: entry.key = try value("API_KEY_FILE").map(SecretFile.read)
            }
            entry.headers = plainHeaders.mapValues { Secret($0) }
            for (header, source) in secretHeaders { entry.headers[header] = try Self.secret(source, environment) }
        } catch {
            entry.problem = "\(error)"
        }
        if entry.needsKey, entry.key == nil, entry.problem == nil {
            let variable = ProviderCatalog.variable(name, "API_KEY")
            entry.problem =
                "it has no key: set \(variable), or \(variable)_FILE to a file that only you can read (mode 0600)"
        }
        return entry
    }

    private static func secret(_ source: Source, _ environment: [String: String]) throws -> Secret {
        switch source {
        case .file(let path): return try SecretFile.read(path)
        case .variable(let name):
            guard let value = environment[name]?.trimmed, !value.isEmpty else {
                throw ProviderConfigurationError("the variable \(name) is not set")
            }
            return Secret(value)
        }
    }

    /// What must not be printed. A plain header is no secret.
    var secrets: [Secret] {
        [key].compactMap(\.self) + secretHeaders.keys.compactMap { headers[$0] }
    }

    /// The variables that hold secrets.
    var secretVariables: [String] {
        var variables = [ProviderCatalog.variable(name, "API_KEY")]
        for source in [keySource].compactMap(\.self) + secretHeaders.values {
            if case .variable(let variable) = source { variables.append(variable) }
        }
        return variables
    }

    func provider(logger: Logger) throws -> any Provider {
        guard let api else {
            throw ProviderConfigurationError("it has no \"api\": openai, anthropic, xai or offline")
        }
        if api == .offline {
            return OfflineProvider(name: name, script: try script.map(OfflineScript.init(file:)) ?? .builtIn)
        }
        guard let url else { throw ProviderConfigurationError("it has no \"base_url\"") }
        var timeouts = ProviderTimeouts()
        timeouts.total = total ?? timeouts.total
        timeouts.idle = idle ?? timeouts.idle
        var retry = RetryPolicy()
        retry.retries = retries ?? retry.retries
        let settings = ProviderSettings(
            name: name, url: try ProviderURL(url, allowHTTP: allowHTTP ?? false), key: key, headers: headers,
            timeouts: timeouts, retry: retry, structuredOutput: structuredOutput ?? .native, logger: logger)
        switch api {
        case .anthropic: return AnthropicProvider(settings)
        case .xai: return OpenAIProvider(settings, dialect: dialect ?? .xai)
        default: return OpenAIProvider(settings, dialect: dialect ?? Self.dialect(of: url))
        }
    }

    /// Another server than OpenAI's own is not known to be as new.
    private static func dialect(of url: String) -> OpenAIDialect {
        [".openai.com/", ".openai.azure.com/"].contains { (url + "/").contains($0) } ? .openai : .compatible
    }
}
