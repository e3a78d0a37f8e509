internal import FoundationEssentials

extension JSONValue {
    /// Parses a whole JSON text in UTF-8. Throws `JSONTextError`.
    public init(parsing bytes: some Sequence<UInt8>) throws {
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        } catch {
            throw JSONTextError(description: "no valid JSON: \(Self.reason(error))")
        }
    }

    /// Parses a whole JSON text. Throws `JSONTextError`.
    public init(parsing text: String) throws {
        try self.init(parsing: text.utf8)
    }

    /// Compact JSON in UTF-8 with sorted keys: equal values have equal bytes.
    public var bytes: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        // Nothing in a JSON value can fail to encode.
        return try! [UInt8](encoder.encode(self))
    }

    /// `bytes` as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    private static func reason(_ error: any Error) -> String {
        guard case DecodingError.dataCorrupted(let context) = error else { return "\(error)" }
        return context.underlyingError.map { "\($0)" } ?? context.debugDescription
    }
}

/// A text that is no JSON.
public struct JSONTextError: Error, Sendable, CustomStringConvertible {
    public let description: String
}
