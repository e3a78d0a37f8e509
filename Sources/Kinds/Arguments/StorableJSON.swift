internal import JSON
internal import Postgres
internal import Queue

/// How much of a program's output, or of a response, is taken unless the arguments say otherwise, in bytes.
let outputLimit = 256 << 10
/// The most that they can ask for; the database decides what it takes.
let outputCeiling = 64 << 20

extension PostgresJSON {
    /// The bytes as they are, if jsonb can hold them: nil when they are no JSON in UTF-8, or hold U+0000.
    init?(storable bytes: [UInt8]) {
        guard String(validating: bytes, as: UTF8.self) != nil,
            !bytes.starts(with: [0xEF, 0xBB, 0xBF]),
            let value = try? JSONCoding.decode(bytes, as: JSONValue.self),
            value.isStorable
        else { return nil }
        self.init(bytes)
    }
}

extension JSONValue {
    /// Whether no string in it holds U+0000, which jsonb refuses.
    fileprivate var isStorable: Bool {
        switch self {
        case .string(let text): !text.unicodeScalars.contains("\0")
        case .array(let elements): elements.allSatisfy(\.isStorable)
        case .object(let members): members.allSatisfy { !$0.key.unicodeScalars.contains("\0") && $0.value.isStorable }
        default: true
        }
    }
}

extension String {
    /// Bytes as text that jsonb can hold: what is no UTF-8, and U+0000, becomes U+FFFD.
    init(storable bytes: some Collection<UInt8>) {
        self = String(decoding: bytes, as: UTF8.self).storable
    }
}
