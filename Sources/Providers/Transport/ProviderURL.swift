internal import FoundationEssentials
internal import JSON

/// Where a provider's API is.
public struct ProviderURL: Sendable, Hashable, CustomStringConvertible {
    public let description: String
    private let path: String

    /// Checks that keys and conversations are safe on their way there.
    ///
    /// - Parameters:
    ///   - text: Like `https://api.example.com/v1`. Without a path, `/v1` is meant.
    ///   - allowHTTP: Whether `http:` may leave this machine, where others can read along.
    /// - Throws: `ProviderConfigurationError`.
    public init(_ text: String, allowHTTP: Bool = false) throws {
        func mistake(_ reason: String) -> ProviderConfigurationError {
            ProviderConfigurationError("the base URL \"\(SecretScrubber.shapes.scrub(text))\" \(reason)")
        }
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), let host = url.host(), !host.isEmpty
        else {
            throw mistake("must be like https://api.example.com/v1")
        }
        guard url.user() == nil, url.password() == nil else {
            throw ProviderConfigurationError(
                "a base URL of \(host) holds a user or password; give the key as {PROVIDER}_API_KEY instead")
        }
        guard url.query() == nil, url.fragment() == nil else { throw mistake("must not have a query or a fragment") }
        switch scheme {
        case "https": break
        case "http":
            guard allowHTTP || Self.isLoopback(host) else {
                throw mistake(
                    "would send keys and conversations unencrypted; use https, or say \"allow_http\": true in "
                        + "providers.json or {PROVIDER}_ALLOW_HTTP=1 if the network is trusted")
            }
        default: throw mistake("must begin with https:// or http://, not \(scheme):")
        }
        var address = text
        while address.hasSuffix("/") { address.removeLast() }
        description = address
        var path = url.path()
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
    }

    /// The URL of an endpoint such as `/chat/completions`, in the first version of the API.
    func endpoint(_ endpoint: String) -> String {
        description + (path.isEmpty ? "/v1" : "") + endpoint
    }

    private static func isLoopback(_ host: String) -> Bool {
        let host = host.lowercased().filter { $0 != "[" && $0 != "]" }
        if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
