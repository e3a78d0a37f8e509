internal import Glibc
public import JSON

/// Removes secrets from texts: known ones in every form in which they get out, and what looks like one.
///
/// Known secrets of at least 8 bytes are found as they are, in base64 (also within something longer, in both alphabets)
/// and percent-encoded. By their shape are found keys of well-known services, JSON web tokens, private keys in PEM, and
/// the credentials of `Authorization:` headers.
public struct SecretScrubber: Sendable {
    /// What stands in a secret's place.
    public static let mask = "***"

    /// One that knows no secrets, only shapes.
    public static let shapes = SecretScrubber([])

    /// What is looked for, the longest first, by the first byte.
    private let patterns: [[[UInt8]]]
    /// Whether something that is looked for begins with a byte: most bytes of a text are passed over by this alone.
    private let begins: [Bool]

    public init(_ secrets: [Secret]) {
        var forms: Set<[UInt8]> = []
        for secret in secrets { forms.formUnion(SecretForms.all(of: Array(secret.reveal().utf8))) }
        let patterns = Dictionary(grouping: forms, by: \.[0])
        self.patterns = (0...UInt8.max).map { (patterns[$0] ?? []).sorted { $0.count > $1.count } }
        begins = (0...UInt8.max).map { patterns[$0] != nil || SecretShape.first.contains($0) }
    }

    /// The text with `***` in the place of every secret.
    public func scrub(_ text: String) -> String {
        var text = text
        let scrubbed: [UInt8]? = text.withUTF8 { scrub($0) }
        return scrubbed.map { String(decoding: $0, as: UTF8.self) } ?? text
    }

    /// The value with `***` in the place of every secret in its strings and keys.
    public func scrub(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(scrub(text))
        case .array(let elements): .array(elements.map(scrub))
        case .object(let members):
            .object(Dictionary(members.map { (scrub($0.key), scrub($0.value)) }) { first, _ in first })
        case .null, .bool, .integer, .number: value
        }
    }

    /// The bytes with `***` in the place of every secret.
    public func scrub(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBufferPointer { scrub($0) } ?? bytes
    }

    /// Nil when there is nothing to remove.
    private func scrub(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var result: [UInt8]?
        var kept = 0
        var index = 0
        begins.withUnsafeBufferPointer { begins in
            while index < text.count {
                guard begins[Int(text[index])], let length = secret(in: text, at: index) else {
                    index += 1
                    continue
                }
                result = (result ?? []) + text[kept..<index] + Self.mask.utf8
                index += length
                kept = index
            }
        }
        return result.map { $0 + text[kept...] }
    }

    /// The length of the secret that begins here.
    private func secret(in text: UnsafeBufferPointer<UInt8>, at index: Int) -> Int? {
        let left = text.count - index
        for pattern in patterns[Int(text[index])] where pattern.count <= left {
            if memcmp(text.baseAddress! + index, pattern, pattern.count) == 0 { return pattern.count }
        }
        return SecretShape.length(in: text, at: index)
    }
}

extension SecretScrubber: CustomStringConvertible, CustomReflectable {
    public var description: String { "SecretScrubber" }
    /// What it looks for are secrets.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
