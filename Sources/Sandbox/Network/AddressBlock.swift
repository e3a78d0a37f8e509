/// Addresses with a common beginning, as `10.1.0.0/16` writes them.
public struct AddressBlock: Sendable, Hashable {
    private let first: IPAddress
    private let bits: Int

    /// From an address and how many of its bits count, or from an address alone; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ IPAddress($0) }), parts.count <= 2 else { return nil }
        first = address
        guard parts.count == 2 else {
            bits = address.bytes.count * 8
            return
        }
        guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let bits = Int(parts[1]),
            bits <= address.bytes.count * 8
        else { return nil }
        self.bits = bits
    }

    init(known text: String) {
        guard let block = AddressBlock(text) else { preconditionFailure("\(text) is no block of addresses") }
        self = block
    }

    public func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == first.bytes.count else { return false }
        let whole = bits / 8
        guard address.bytes.prefix(whole) == first.bytes.prefix(whole) else { return false }
        guard bits % 8 > 0 else { return true }
        return (address.bytes[whole] ^ first.bytes[whole]) >> (8 - bits % 8) == 0
    }
}
