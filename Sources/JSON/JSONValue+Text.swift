extension JSONValue {
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Parses a whole JSON text in UTF-8. Of members of one name the last counts. Throws `JSONTextError`.
    public init(parsing bytes: some Sequence<UInt8>) throws {
        let bytes = Array(bytes)
        let mark = bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0
        do throws(JSONParser.Failure) {
            self = try JSONParser.parse(bytes[mark...], takesRepeats: true)
        } catch {
            throw JSONTextError(
                description: "no valid JSON: line \(error.line), column \(error.column): \(error.message)")
        }
    }

    /// Parses a whole JSON text. Throws `JSONTextError`.
    public init(parsing text: String) throws {
        try self.init(parsing: text.utf8)
    }

    /// Compact JSON in UTF-8 with sorted keys: equal values have equal bytes.
    public var bytes: [UInt8] {
        var writer = JSONWriter(limit: .max, deepest: .max)
        writer.write(self)
        return writer.bytes
    }

    /// `bytes` as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A text that is no JSON.
public struct JSONTextError: Error, Sendable, CustomStringConvertible {
    public let description: String
}
