internal import FoundationEssentials
@_exported public import JSON
public import Postgres

/// JSON between Swift values and the database: snake_case keys are spelled out by the types, dates are ISO 8601.
public enum JSONCoding {
    /// Encodes a value; keys are sorted, so that equal values have equal bytes.
    public static func encode(_ value: some Encodable) throws -> PostgresJSON {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        }
        return PostgresJSON([UInt8](try encoder.encode(value)))
    }

    /// Decodes a value from JSON bytes.
    public static func decode<Value: Decodable>(_ bytes: [UInt8], as type: Value.Type = Value.self) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            guard let date = date(text) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "\"\(text)\" is not an ISO 8601 moment"))
            }
            return date
        }
        return try decoder.decode(Value.self, from: Data(bytes))
    }

    static func date(_ text: String) -> Date? {
        (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text))
            ?? (try? Date.ISO8601FormatStyle().parse(text))
    }
}
