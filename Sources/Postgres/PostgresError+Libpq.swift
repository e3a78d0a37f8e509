internal import CLibpq

extension PostgresError {
    /// The error that a failed `PGresult` carries.
    init(result: OpaquePointer) {
        // The letters are libpq's PG_DIAG_* constants, which are character macros that Swift does not import.
        func field(_ letter: Unicode.Scalar) -> String? {
            PQresultErrorField(result, Int32(letter.value)).map { String(cString: $0) }
        }
        let message = field("M") ?? PostgresError.trimmed(PQresultErrorMessage(result))
        self.init(.server, message.isEmpty ? "the server gave no reason" : message, sqlState: field("C"))
        detail = field("D")
        hint = field("H")
        schema = field("s")
        table = field("t")
        constraint = field("n")
        position = field("P").flatMap { Int($0) }
    }

    /// The last error that libpq itself noticed on a connection.
    init(_ code: Code, connection: OpaquePointer) {
        let message = PostgresError.trimmed(PQerrorMessage(connection))
        self.init(code, message.isEmpty ? "the connection to the server is closed" : message)
    }

    private static func trimmed(_ text: UnsafePointer<CChar>?) -> String {
        var message = text.map { String(cString: $0) } ?? ""
        while message.last?.isNewline == true { message.removeLast() }
        return message
    }
}
