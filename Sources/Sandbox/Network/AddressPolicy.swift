/// Which hosts may be connected to, decided by the addresses that their names lead to.
///
/// A name is resolved once, and one of the addresses that `addresses(of:)` returns is what must be connected to: a name
/// that is resolved again may lead elsewhere.
public struct AddressPolicy: Sendable {
    private let hosts: [String]
    private let blocks: [AddressBlock]
    private let resolver: HostResolver

    /// - Parameter intranet: Names (`wiki.corp`, `*.corp`), addresses and blocks (`10.1.0.0/16`) that are allowed though
    ///   they are not public.
    public init(intranet: [String] = [], resolver: HostResolver = .system) {
        blocks = intranet.compactMap { AddressBlock($0) }
        hosts = intranet.filter { AddressBlock($0) == nil }
        self.resolver = resolver
    }

    /// The addresses of a host, in the order in which they should be tried; never empty.
    ///
    /// Throws `SandboxError` with code `notAllowed` when a single one of them is not allowed: a name that leads both
    /// to the public internet and into this network is somebody's trick. `notFound` when there is none.
    public func addresses(of host: String) async throws -> [IPAddress] {
        let addresses = if let address = IPAddress(host) { [address] } else { try await resolver.resolve(host) }
        guard !addresses.isEmpty else { throw SandboxError(.notFound, "the host \(host) has no address") }
        guard !Self.host(host, isOneOf: hosts) else { return addresses }
        for address in addresses where !address.isGlobal && !blocks.contains(where: { $0.contains(address) }) {
            let whose = "\(address)" == host ? "\(host)" : "\(host) leads to \(address), which"
            throw SandboxError(
                .notAllowed,
                "\(whose) is not an address of the public internet; only hosts listed as `intranet` in the network "
                    + "settings of the agent may be such")
        }
        return addresses
    }

    /// Whether a host is among some, `*.example.com` being every name below that one.
    public static func host(_ host: String, isOneOf patterns: [String]) -> Bool {
        let host = host.lowercased()
        return patterns.contains { pattern in
            let pattern = pattern.lowercased()
            return pattern.hasPrefix("*.") ? host.hasSuffix(pattern.dropFirst()) : host == pattern
        }
    }
}
