public import FoundationEssentials
internal import JSON
public import Logging

/// The providers that a process can ask, by name.
///
/// Always there are `openai`, `anthropic`, `xai`, `ollama` and `offline`; a file adds others, or changes these. A
/// variable `{NAME}_API_KEY`, or a file named by `{NAME}_API_KEY_FILE` that nobody else may read, holds the key;
/// `{NAME}_BASE_URL` says where the API is. Nothing of it comes from the database.
public struct ProviderCatalog: Sendable {
    private var entries: [String: ProviderEntry]
    private var made: [String: any Provider] = [:]
    private let logger: Logger

    /// Reads the environment, and a `providers.json` where there is one. A provider that is not well set up is an error
    /// when it is asked for, not before.
    ///
    /// - Throws: `ProviderConfigurationError` for a file that is not understood.
    public init(
        environment: [String: String] = ProcessInfo.processInfo.environment, file: String? = nil,
        logger: Logger = Logger(label: "agentcorp.providers")
    ) throws {
        self.logger = logger
        entries = ProviderEntry.builtIn
        if let file { try entries.merge(ProviderFile.read(file)) { $1.over($0) } }
        for (name, entry) in entries { entries[name] = entry.reading(environment) }
        for (name, entry) in entries where entry.problem == nil {
            do {
                made[name] = try entry.provider(logger: logger)
            } catch let error as ProviderConfigurationError {
                entries[name]?.problem = error.description
            }
        }
    }

    /// The catalogue of this process, as it should be made at its start, before there are threads: when there are keys,
    /// they are erased from the environment, and the process leaves no core dumps.
    public static func ofProcess(
        file: String? = nil, logger: Logger = Logger(label: "agentcorp.providers")
    ) throws -> ProviderCatalog {
        let catalog = try ProviderCatalog(file: file, logger: logger)
        if !catalog.secrets.isEmpty {
            ProcessSecrets.erase(catalog.entries.values.flatMap(\.secretVariables))
            ProcessSecrets.forbidDumps()
        }
        return catalog
    }

    /// Adds a provider, or puts it in the place of another one of its name.
    public mutating func register(_ provider: any Provider) {
        made[provider.name] = provider
        entries[provider.name]?.problem = nil
    }

    /// All names, in order.
    public var names: [String] { Set(entries.keys).union(made.keys).sorted() }

    /// All keys and secret headers, for the scrubber.
    public var secrets: [Secret] { entries.values.flatMap(\.secrets) }

    /// Removes them from logs, errors and results.
    public var scrubber: SecretScrubber { SecretScrubber(secrets) }

    /// The provider of that name. Throws `ProviderConfigurationError` when there is none, or it is not well set up.
    public func provider(_ name: String) throws -> any Provider {
        if let provider = made[name] { return provider }
        if let problem = entries[name]?.problem {
            throw ProviderConfigurationError("the provider \"\(name)\" cannot be used: \(problem)")
        }
        let guess = Spelling.nearest(to: name, in: names).map { "; did you mean \"\($0)\"?" } ?? ""
        throw ProviderConfigurationError(
            "there is no provider \"\(name)\"\(guess). There are \(names.joined(separator: ", ")); others belong into "
                + "providers.json")
    }

    /// The name of a provider's variable: `MY-LAB` has `MY_LAB_API_KEY`.
    static func variable(_ name: String, _ suffix: String) -> String {
        String(name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }) + "_" + suffix
    }
}
