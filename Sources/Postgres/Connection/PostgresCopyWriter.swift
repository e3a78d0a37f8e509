/// Sends the rows of a COPY, in pieces of about 64 KiB.
public final class PostgresCopyWriter {
    private static let pieceSize = 64 * 1024

    private let connection: PostgresConnection
    private let columns: Int
    private let deadline: Duration?
    private var buffer = PostgresBuffer()

    init(_ connection: PostgresConnection, columns: Int, deadline: Duration?) {
        self.connection = connection
        self.columns = columns
        self.deadline = deadline
        // Source: "Binary Format" in PostgreSQL's documentation of COPY: signature, flags, length of the extension.
        buffer.append(bytes: [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00])
        buffer.append(Int32(0))
        buffer.append(Int32(0))
    }

    /// Appends a row; the fields must have exactly the columns' types, so an `Int` fits a bigint and nothing else.
    ///
    /// Throws `invalidValue` for a wrong number of fields, and whatever stops the COPY.
    public func append<each Field: PostgresEncodable>(_ field: repeat each Field) async throws {
        let start = buffer.bytes.count
        do throws(PostgresError) {
            var count: Int16 = 0
            for _ in repeat each field { count += 1 }
            guard Int(count) == columns else {
                throw PostgresError(.invalidValue, "a row has \(count) fields for \(columns) columns")
            }
            buffer.append(count)
            for field in repeat each field { try buffer.appendField(field) }
        } catch {
            // So that a caller may skip the bad row.
            buffer.bytes.removeSubrange(start...)
            throw error
        }
        if buffer.bytes.count >= PostgresCopyWriter.pieceSize { try await flush() }
    }

    func finish() async throws -> Int {
        buffer.append(Int16(-1))
        try await flush()
        return try await connection.endCopy(deadline: deadline)
    }

    private func flush() async throws {
        try await connection.sendCopy(buffer.bytes, deadline: deadline)
        buffer.bytes.removeAll(keepingCapacity: true)
    }
}
