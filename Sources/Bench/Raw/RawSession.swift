internal import CLibpq

#if canImport(Glibc)
    internal import Glibc
#endif

/// A connection used as plainly as libpq allows: blocking calls, prepared statements, values as text.
///
/// What the engine is measured against must not share its client. Not Sendable: it stays on one thread.
final class RawSession {
    private let connection: OpaquePointer

    init(_ dsn: String) throws {
        guard let connection = PQconnectdb(dsn) else { throw BenchError("out of memory") }
        self.connection = connection
        // What the server remarks, as when it stops, is not for the terminal.
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        guard PQstatus(connection) == CONNECTION_OK else {
            let reason = String(cString: PQerrorMessage(connection))
            PQfinish(connection)
            throw BenchError("cannot connect: \(reason)")
        }
    }

    deinit { PQfinish(connection) }

    /// Runs any number of statements.
    func script(_ sql: String) throws {
        PQclear(try checked(PQexec(connection, sql)))
    }

    func prepare(_ name: String, _ sql: String) throws {
        PQclear(try checked(PQprepare(connection, name, sql, 0, nil)))
    }

    /// Runs a prepared statement.
    func run(_ name: String, _ values: [String] = []) throws -> RawResult {
        var pointers: [UnsafeMutablePointer<CChar>?] = values.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        let result = pointers.withUnsafeMutableBufferPointer { buffer in
            buffer.withMemoryRebound(to: UnsafePointer<CChar>?.self) {
                PQexecPrepared(connection, name, Int32(values.count), $0.baseAddress, nil, nil, 0)
            }
        }
        return RawResult(try checked(result))
    }

    /// Copies rows in, in COPY's text format: tabs between columns, a newline after each row.
    func copy(_ statement: String, _ rows: [UInt8]) throws {
        let begun = PQexec(connection, statement)
        defer { PQclear(begun) }
        guard PQresultStatus(begun) == PGRES_COPY_IN else { throw failure() }
        let sent = rows.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 1 << 20).allSatisfy { start in
                let piece = bytes[start..<min(start + 1 << 20, bytes.count)]
                return PQputCopyData(
                    connection, UnsafeRawBufferPointer(rebasing: piece).assumingMemoryBound(to: CChar.self).baseAddress,
                    Int32(piece.count)) == 1
            }
        }
        guard sent, PQputCopyEnd(connection, nil) == 1 else { throw failure() }
        while let result = PQgetResult(connection) { PQclear(try checked(result)) }
    }

    /// Waits for a notification, and takes all that have come.
    func waitForNotification() throws {
        while true {
            guard PQconsumeInput(connection) == 1 else { throw failure() }
            var hasCome = false
            while let notification = PQnotifies(connection) {
                PQfreemem(notification)
                hasCome = true
            }
            if hasCome { return }
            var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, 30_000) != 0 else { throw BenchError("no notification came within 30 seconds") }
        }
    }

    private func checked(_ result: OpaquePointer?) throws -> OpaquePointer {
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK: return result!
        default:
            PQclear(result)
            throw failure()
        }
    }

    private func failure() -> BenchError { BenchError(String(cString: PQerrorMessage(connection))) }
}

/// Rows as text.
final class RawResult {
    private let result: OpaquePointer

    init(_ result: OpaquePointer) { self.result = result }

    deinit { PQclear(result) }

    var count: Int { Int(PQntuples(result)) }

    subscript(row: Int, column: Int) -> String { String(cString: PQgetvalue(result, Int32(row), Int32(column))) }

    /// A column as an array literal. The bytes are joined without looking at them.
    func arrayLiteral(_ column: Int) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        bytes.reserveCapacity(count * 12 + 2)
        for row in 0..<count {
            if row > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(
                contentsOf: UnsafeRawBufferPointer(
                    start: PQgetvalue(result, Int32(row), Int32(column)),
                    count: Int(PQgetlength(result, Int32(row), Int32(column)))))
        }
        bytes.append(UInt8(ascii: "}"))
        return String(decoding: bytes, as: UTF8.self)
    }
}
