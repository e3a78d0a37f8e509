extension IPAddress {
    /// Whether it is one of the public internet: not of this machine, a private network, a cloud's metadata, a
    /// test, a group.
    ///
    /// The registries: https://www.iana.org/assignments/iana-ipv4-special-registry and
    /// https://www.iana.org/assignments/iana-ipv6-special-registry
    public var isGlobal: Bool {
        guard isIPv6 else { return !Self.specialIPv4.contains { $0.contains(self) } }
        // IPv4 in other clothes: what counts is where it leads.
        if let inner = embeddedIPv4 { return inner.isGlobal }
        // Of the rest, only this block has ever been given out.
        return Self.unicast.contains(self) && !Self.specialIPv6.contains { $0.contains(self) }
    }

    /// The address that a mapped one, one for NAT64 or one of 6to4 leads to.
    private var embeddedIPv4: IPAddress? {
        if Self.mapped.contains(self) || Self.nat64.contains(self) { return IPAddress(bytes: bytes.suffix(4)) }
        if Self.sixToFour.contains(self) { return IPAddress(bytes: bytes[2..<6]) }
        return nil
    }

    private static let mapped = AddressBlock(known: "::ffff:0:0/96")
    private static let nat64 = AddressBlock(known: "64:ff9b::/96")
    private static let sixToFour = AddressBlock(known: "2002::/16")
    private static let unicast = AddressBlock(known: "2000::/3")

    private static let specialIPv4: [AddressBlock] = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        // Public by its number, but what Azure's machines reach their host by.
        "168.63.129.16/32",
    ].map(AddressBlock.init(known:))

    private static let specialIPv6: [AddressBlock] = ["2001::/23", "2001:db8::/32", "3fff::/20"]
        .map(AddressBlock.init(known:))
}
