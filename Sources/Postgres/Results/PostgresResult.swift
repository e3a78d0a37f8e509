internal import CLibpq

/// What a statement gave back: its rows and how many it touched.
///
/// The rows stay where libpq put them; reading a column copies that column only.
public struct PostgresResult: Sendable {
    let storage: Storage

    init(owning result: OpaquePointer) {
        storage = Storage(result)
    }

    /// How many rows came back.
    public var count: Int { storage.rowCount }

    /// How many rows an INSERT, UPDATE, DELETE, MERGE, SELECT or COPY touched; 0 for other statements.
    public var affectedRows: Int {
        Int(String(cString: PQcmdTuples(storage.result))) ?? 0
    }

    /// The server's name for what was done, such as `COMMIT` or `INSERT 0 1`.
    var commandTag: String { String(cString: PQcmdStatus(storage.result)) }

    public var rows: PostgresRows { PostgresRows(storage: storage) }

    public var columnNames: [String] {
        (0..<storage.columnCount).map { storage.name(of: $0) }
    }

    /// The position of a column, to be looked up once before reading rows; nil if there is none of that name.
    public func column(_ name: String) -> Int? {
        (0..<storage.columnCount).first { storage.name(of: $0) == name }
    }

    /// Owns the `PGresult`.
    ///
    /// `@unchecked Sendable`: libpq never changes a result after handing it over, and its readers take it as const.
    final class Storage: @unchecked Sendable {
        let result: OpaquePointer
        let rowCount: Int
        let columnCount: Int

        init(_ result: OpaquePointer) {
            self.result = result
            rowCount = Int(PQntuples(result))
            columnCount = Int(PQnfields(result))
        }

        deinit { PQclear(result) }

        func name(of column: Int) -> String {
            PQfname(result, Int32(column)).map { String(cString: $0) } ?? "?"
        }

        /// The value is valid while this object lives.
        @inline(__always)
        func value(row: Int, column: Int) -> PostgresValue {
            let row = Int32(truncatingIfNeeded: row)
            let column = Int32(truncatingIfNeeded: column)
            let length = PQgetlength(result, row, column)
            let type = PQftype(result, column)
            // A null has length 0 too, so only then is the question asked.
            if length == 0, PQgetisnull(result, row, column) != 0 { return PostgresValue(type: type, bytes: nil) }
            return PostgresValue(
                type: type, bytes: UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: Int(length)))
        }
    }
}
