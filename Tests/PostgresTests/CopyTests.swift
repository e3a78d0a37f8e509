import Postgres
import TestSupport
import Testing

@Suite("COPY", .database, .timeLimit(.minutes(30))) struct CopyTests {
    private struct Stop: Error {}

    private func table(_ name: String, on connection: PostgresConnection) async throws {
        try await connection.script(
            "CREATE TABLE \"\(name)\" (id int8 PRIMARY KEY, \"Name\" text, payload jsonb, shard int2)")
    }

    private let columns = ["id", "Name", "payload", "shard"]

    @Test("100,000 rows arrive as they were sent")
    func many() async throws {
        try await withConnection { connection in
            try await table("many", on: connection)
            let count = try await connection.copyIn("public.many", columns: columns) { writer in
                for number in 0..<100_000 as Range<Int64> {
                    try await writer.append(
                        number, number % 3 == 0 ? nil : "name \(number)", PostgresJSON("{\"n\":\(number)}"), Int16(7))
                }
            }
            #expect(count == 100_000)
            let row = try await connection.query(
                """
                SELECT count(*), count("Name"), sum(id)::int8, sum((payload->>'n')::int8)::int8, sum(shard)::int8,
                    count(*) FILTER (WHERE "Name" = 'name ' || id) FROM many
                """
            ).rows[0]
            #expect(
                try (0..<6).map { try row.int64($0) } == [
                    100_000, 66_666, 4_999_950_000, 4_999_950_000, 700_000, 66_666,
                ])
        }
    }

    @Test("an error of the sender leaves no row and a clean connection")
    func aborted() async throws {
        try await withConnection { connection in
            try await table("aborted", on: connection)
            for rows in [0, 1, 20_000] as [Int64] {
                await #expect(throws: Stop.self) {
                    try await connection.copyIn("aborted", columns: columns) { writer in
                        for number in 0..<rows { try await writer.append(number, "x", PostgresJSON("1"), Int16(0)) }
                        throw Stop()
                    }
                }
                #expect(try await connection.number("SELECT count(*) FROM aborted") == 0)
            }
        }
    }

    @Test("an error of the server is thrown and leaves no row")
    func refused() async throws {
        try await withConnection { connection in
            try await table("refused", on: connection)
            let duplicate = try await postgresError {
                _ = try await connection.copyIn("refused", columns: columns) { writer in
                    for _ in 0..<20_000 { try await writer.append(Int64(1), "x", PostgresJSON("1"), Int16(0)) }
                }
            }
            #expect(duplicate.sqlState == "23505")
            let type = try await postgresError {
                _ = try await connection.copyIn("refused", columns: ["id"]) { try await $0.append(Int32(1)) }
            }
            #expect(type.code == .server)
            let missing = try await postgresError {
                _ = try await connection.copyIn("no such table", columns: ["id"]) { try await $0.append(1) }
            }
            #expect(missing.sqlState == "42P01")
            #expect(try await connection.number("SELECT count(*) FROM refused") == 0)
        }
    }

    @Test("a bad row can be skipped")
    func badRow() async throws {
        try await withConnection { connection in
            try await table("bad row", on: connection)
            let count = try await connection.copyIn("bad row", columns: columns) { writer in
                try await writer.append(Int64(1), "good", PostgresJSON("1"), Int16(0))
                for body in [
                    { try await writer.append(Int64(2), "bad\0", PostgresJSON("1"), Int16(0)) },
                    { try await writer.append(Int64(2)) },
                ] as [() async throws -> Void] {
                    #expect(try await postgresError(body).code == .invalidValue)
                }
            }
            #expect(count == 1)
        }
    }

    @Test("cancelling the sender leaves no row and a clean connection")
    func cancelled() async throws {
        try await withConnection { connection in
            try await table("cancelled", on: connection)
            let copying = Task {
                try await connection.copyIn("cancelled", columns: columns) { writer in
                    var number: Int64 = 0
                    while true {
                        try await writer.append(number, "x", PostgresJSON("1"), Int16(0))
                        number += 1
                        if number == 50_000 { withUnsafeCurrentTask { $0?.cancel() } }
                    }
                }
            }
            #expect(try await postgresError { _ = try await copying.value }.code == .cancelled)
            #expect(try await connection.number("SELECT count(*) FROM cancelled") == 0)
        }
    }

    @Test("a server that stops taking rows runs into the deadline, and the connection recovers")
    func blocked() async throws {
        try await withConnection { locker in
            try await withConnection { connection in
                try await table("blocked", on: connection)
                try await connection.script("INSERT INTO blocked VALUES (1)")
                try await locker.script("BEGIN; DELETE FROM blocked; SELECT 1")
                let error = try await postgresError {
                    _ = try await connection.copyIn("blocked", columns: columns, deadline: .milliseconds(300)) {
                        writer in
                        // The first row waits for the lock; the rest fills the buffers.
                        for number in 1... as PartialRangeFrom<Int64> {
                            try await writer.append(number, "x", PostgresJSON("1"), Int16(0))
                        }
                    }
                }
                #expect(error.code == .deadlineExceeded)
                try await locker.script("ROLLBACK")
                for number in 0..<100 { #expect(try await connection.number("SELECT $1::int8", [number]) == number) }
            }
        }
    }

    @Test("nothing else runs on the connection meanwhile")
    func exclusive() async throws {
        try await withConnection { connection in
            try await table("exclusive", on: connection)
            _ = try await connection.copyIn("exclusive", columns: columns) { _ in
                let error = try await postgresError { _ = try await connection.query("SELECT 1") }
                #expect(error.code == .protocolViolation)
            }
            #expect(try await connection.number("SELECT 1::int8") == 1)
        }
    }
}
