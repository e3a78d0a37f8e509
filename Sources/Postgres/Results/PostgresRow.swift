/// One row of a result; columns are counted from 0.
///
/// Every reader throws `invalidValue`, naming the column, for a missing column, for a type that does not fit and,
/// unless the result is optional, for null.
public struct PostgresRow: Sendable {
    let storage: PostgresResult.Storage
    let index: Int

    public func isNull(_ column: Int) -> Bool {
        guard column >= 0, column < storage.columnCount else { return true }
        return withExtendedLifetime(storage) { storage.value(row: index, column: column).bytes == nil }
    }

    /// Reads a column as any type that knows how.
    public func decode<Value: PostgresDecodable>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard column >= 0, column < storage.columnCount else {
            throw PostgresError(.invalidValue, "the row has \(storage.columnCount) columns, none at \(column)")
        }
        defer { withExtendedLifetime(storage) {} }
        let value = storage.value(row: index, column: column)
        guard let decoded = Value.decode(value) else { throw mismatch(column, value, as: Value.self) }
        return decoded
    }

    public func int64(_ column: Int) throws(PostgresError) -> Int64 { try decode(column) }
    public func int32(_ column: Int) throws(PostgresError) -> Int32 { try decode(column) }
    public func int16(_ column: Int) throws(PostgresError) -> Int16 { try decode(column) }
    public func bool(_ column: Int) throws(PostgresError) -> Bool { try decode(column) }
    public func double(_ column: Int) throws(PostgresError) -> Double { try decode(column) }
    public func float(_ column: Int) throws(PostgresError) -> Float { try decode(column) }
    public func string(_ column: Int) throws(PostgresError) -> String { try decode(column) }
    public func uuid(_ column: Int) throws(PostgresError) -> PostgresUUID { try decode(column) }
    public func timestamp(_ column: Int) throws(PostgresError) -> PostgresTimestamp { try decode(column) }
    public func duration(_ column: Int) throws(PostgresError) -> Duration { try decode(column) }

    public func int64OrNil(_ column: Int) throws(PostgresError) -> Int64? { try decode(column) }
    public func int32OrNil(_ column: Int) throws(PostgresError) -> Int32? { try decode(column) }
    public func int16OrNil(_ column: Int) throws(PostgresError) -> Int16? { try decode(column) }
    public func boolOrNil(_ column: Int) throws(PostgresError) -> Bool? { try decode(column) }
    public func doubleOrNil(_ column: Int) throws(PostgresError) -> Double? { try decode(column) }
    public func stringOrNil(_ column: Int) throws(PostgresError) -> String? { try decode(column) }
    public func uuidOrNil(_ column: Int) throws(PostgresError) -> PostgresUUID? { try decode(column) }
    public func timestampOrNil(_ column: Int) throws(PostgresError) -> PostgresTimestamp? { try decode(column) }
    public func durationOrNil(_ column: Int) throws(PostgresError) -> Duration? { try decode(column) }

    public func int64Array(_ column: Int) throws(PostgresError) -> [Int64] { try decode(column) }
    public func int32Array(_ column: Int) throws(PostgresError) -> [Int32] { try decode(column) }
    public func int16Array(_ column: Int) throws(PostgresError) -> [Int16] { try decode(column) }
    public func stringArray(_ column: Int) throws(PostgresError) -> [String] { try decode(column) }

    /// Copies the payload of a column of any type; jsonb comes without its version byte.
    public func bytes(_ column: Int) throws(PostgresError) -> [UInt8] {
        try decode(column, as: PostgresBytes.self).bytes
    }

    public func bytesOrNil(_ column: Int) throws(PostgresError) -> [UInt8]? {
        try decode(column, as: PostgresBytes?.self)?.bytes
    }

    /// Lends the payload of a column without copying; nil is null, and jsonb comes without its version byte.
    ///
    /// The pointer must not leave the closure.
    public func withUnsafeBytes<Result>(
        _ column: Int, _ body: (UnsafeRawBufferPointer?) throws -> Result
    ) throws -> Result {
        guard column >= 0, column < storage.columnCount else {
            throw PostgresError(.invalidValue, "the row has \(storage.columnCount) columns, none at \(column)")
        }
        defer { withExtendedLifetime(storage) {} }
        let value = storage.value(row: index, column: column)
        guard value.type == PostgresType.jsonb.oid, let bytes = value.bytes else { return try body(value.bytes) }
        return try body(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
    }

    private func mismatch(_ column: Int, _ value: PostgresValue, as type: Any.Type) -> PostgresError {
        let what = value.bytes == nil ? "is null" : "has the type with OID \(value.type)"
        return PostgresError(
            .invalidValue, "column \(column) (\(storage.name(of: column))) \(what), which cannot be read as \(type)")
    }
}
