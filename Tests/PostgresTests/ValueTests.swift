import Postgres
import TestSupport
import Testing

@Suite("values", .database, .timeLimit(.minutes(30))) struct ValueTests {
    /// Sends a value, casts it on the server to what it should be, and reads it back.
    private func roundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable>(
        _ values: [Value], _ type: String
    ) async throws {
        for configuration in [PostgresConfiguration.test, .unnamedTest] {
            try await withConnection(configuration) { connection in
                for value in values {
                    let result = try await connection.query(
                        "SELECT $1, pg_typeof($1)::text, $2 IS NULL", [value, Value?.none])
                    #expect(try result.rows[0].decode(0, as: Value.self) == value)
                    #expect(try result.rows[0].string(1) == type)
                    #expect(try result.rows[0].bool(2))
                }
            }
        }
    }

    @Test("integers come back at their limits")
    func integers() async throws {
        try await roundTrip([0, 1, -1, .min, .max] as [Int64], "bigint")
        try await roundTrip([0, 42, .min, .max] as [Int], "bigint")
        try await roundTrip([0, 1, -1, .min, .max] as [Int32], "integer")
        try await roundTrip([0, 1, -1, .min, .max] as [Int16], "smallint")
        try await roundTrip([true, false], "boolean")
    }

    @Test("floating-point numbers come back bit by bit")
    func floats() async throws {
        try await roundTrip(
            [0, -0.0, 1.5, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude] as [Double],
            "double precision")
        try await roundTrip([0, 1.5, -.infinity, .greatestFiniteMagnitude] as [Float], "real")
        let notANumber = try await withConnection { try await $0.query("SELECT $1", [Double.nan]).rows[0].double(0) }
        #expect(notANumber.isNaN)
    }

    @Test("text comes back, empty and beyond ASCII and long")
    func text() async throws {
        try await roundTrip(
            ["", "a", "it's \\ \"quoted\"", "äöü 漢字 👩‍👩‍👧 \u{FEFF}", String(repeating: "x", count: 3_000_000)], "text")
    }

    @Test("bytes, JSON, UUIDs, moments and durations come back")
    func others() async throws {
        try await roundTrip([PostgresBytes([]), PostgresBytes([0, 1, 255]), PostgresBytes(Array(0...255))], "bytea")
        try await roundTrip([PostgresJSON("{\"a\": [1, null]}"), PostgresJSON("null"), PostgresJSON("\"\"")], "jsonb")
        let uuid = try #require(PostgresUUID("0190F1C2-3b4d-7e8f-9a0b-0123456789ab"))
        #expect(uuid.description == "0190f1c2-3b4d-7e8f-9a0b-0123456789ab")
        try await roundTrip([uuid, PostgresUUID(high: 0, low: .max)], "uuid")
        try await roundTrip(
            [
                PostgresTimestamp(microseconds: 0), PostgresTimestamp(microseconds: 1_795_342_253_243_272),
                PostgresTimestamp(microseconds: -1), .infinity, .minusInfinity,
            ], "timestamp with time zone")
        try await roundTrip([.zero, .microseconds(1), .seconds(-5), .seconds(400 * 86_400)] as [Duration], "interval")
    }

    @Test("arrays come back, with nulls and empty")
    func arrays() async throws {
        try await roundTrip([[], [1], [.min, 0, .max]] as [[Int64]], "bigint[]")
        try await roundTrip([[], [1, nil, 3]] as [[Int64?]], "bigint[]")
        try await roundTrip([[.min, .max]] as [[Int32]], "integer[]")
        try await roundTrip([[.min, .max]] as [[Int16]], "smallint[]")
        try await roundTrip([[0.5]] as [[Float]], "real[]")
        try await roundTrip([[0.5]] as [[Double]], "double precision[]")
        try await roundTrip([[true, false]], "boolean[]")
        try await roundTrip([[], ["", "a,b", "{}", "NULL"]], "text[]")
        try await roundTrip([[nil], ["", nil, "x"]] as [[String?]], "text[]")
        try await roundTrip([[PostgresJSON("1"), nil]] as [[PostgresJSON?]], "jsonb[]")
        try await roundTrip([[PostgresBytes([]), PostgresBytes([0])]], "bytea[]")
        try await roundTrip([[PostgresTimestamp(microseconds: 5), nil]], "timestamp with time zone[]")
    }

    @Test("the server sees the values that were meant")
    func meaning() async throws {
        try await withConnection { connection in
            let row = try await connection.query(
                """
                SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text
                """,
                [
                    Int64(-7), 1.25, PostgresTimestamp(microseconds: 946_684_800_000_001),
                    Duration.milliseconds(90_500),
                    PostgresBytes([222, 173]), [Int16(3), 4], PostgresJSON("{\"b\":1}"),
                ]
            ).rows[0]
            #expect(try row.string(0) == "-7")
            #expect(try row.string(1) == "1.25")
            #expect(try row.string(2).hasPrefix("2000-01-01 00:00:00.000001"))
            #expect(try row.string(3) == "00:01:30.5")
            #expect(try row.string(4) == "\\xdead")
            #expect(try row.string(5) == "{3,4}")
            #expect(try row.string(6) == "{\"b\": 1}")
        }
    }

    @Test("smaller numbers widen, larger ones do not shrink")
    func widening() async throws {
        try await withConnection { connection in
            let row = try await connection.query("SELECT 3::int2, 4::int4, 5::int8, 1.5::real").rows[0]
            #expect(try row.int64(0) == 3)
            #expect(try row.int64(1) == 4)
            #expect(try row.int32(0) == 3)
            #expect(try row.double(3) == 1.5)
            #expect(throws: PostgresError.self) { try row.int32(2) }
            #expect(throws: PostgresError.self) { try row.int16(1) }
        }
    }

    @Test("a column that cannot be read is named in the error")
    func mismatch() async throws {
        try await withConnection { connection in
            let result = try await connection.query("SELECT NULL::text AS nothing, 1.5::numeric AS price")
            let row = result.rows[0]
            let null = try await postgresError { _ = try row.string(0) }
            #expect(null.code == .invalidValue)
            #expect(null.message.contains("column 0 (nothing) is null"))
            let price = try await postgresError { _ = try row.double(1) }
            #expect(price.message.contains("column 1 (price) has the type with OID 1700"))
            #expect(throws: PostgresError.self) { try row.string(1) }
            #expect(throws: PostgresError.self) { try row.string(2) }
            #expect(throws: PostgresError.self) { try row.string(-1) }
            #expect(try row.stringOrNil(0) == nil)
            #expect(row.isNull(0) && !row.isNull(1))
        }
    }

    @Test("text-like types, json and the types that users made read as text")
    func textLike() async throws {
        try await withConnection { connection in
            try await connection.script("CREATE TYPE mood AS ENUM ('glad'); CREATE DOMAIN short AS text")
            let row = try await connection.query(
                """
                SELECT 'n'::name, 'c'::"char", 'v'::varchar(3), 'b'::char(3), '{"a":1}'::json, 'glad'::mood,
                    's'::short, 'unknown', '{"a":1}'::jsonb
                """
            ).rows[0]
            #expect(
                try (0..<9).map { try row.string($0) }
                    == ["n", "c", "v", "b  ", "{\"a\":1}", "glad", "s", "unknown", "{\"a\": 1}"])
            #expect(try row.decode(4, as: PostgresJSON.self).text == "{\"a\":1}")
            #expect(try row.bytes(8) == Array("{\"a\": 1}".utf8))
            #expect(
                try row.withUnsafeBytes(8) { Array($0 ?? UnsafeRawBufferPointer(start: nil, count: 0)) }
                    == Array("{\"a\": 1}".utf8))
        }
    }

    @Test("a NUL character is refused before anything is sent, naming the parameter")
    func nulCharacters() async throws {
        try await withConnection { connection in
            let text = try await postgresError { _ = try await connection.query("SELECT $1, $2", [1, "a\0b"]) }
            #expect(text.code == .invalidValue)
            #expect(text.message.contains("$2"))
            for statement in [
                { _ = try await connection.query("SELECT 1\0") },
                { try await connection.script("SELECT 1\0") },
                { _ = try await connection.query("SELECT $1", [["a\0"]]) },
                { _ = try await connection.query("SELECT $1", [PostgresJSON("\"\0\"")]) },
            ] as [@Sendable () async throws -> Void] {
                #expect(try await postgresError(statement).code == .invalidValue)
            }
            #expect(try await connection.number("SELECT 1::int8") == 1)
        }
    }

    @Test("what a type cannot hold is refused")
    func outOfRange() async throws {
        try await withConnection { connection in
            for value in [
                Duration.seconds(Int64.max), PostgresTimestamp(microseconds: .min + 1), [[Int64(1)]],
            ] as [any PostgresEncodable] {
                let error = try await postgresError { _ = try await connection.query("SELECT $1", [value]) }
                #expect(error.code == .invalidValue)
            }
            let row = try await connection.query("SELECT '1 month'::interval, '2 days'::interval").rows[0]
            #expect(throws: PostgresError.self) { try row.duration(0) }
            #expect(try row.duration(1) == .seconds(172_800))
        }
    }

    @Test("rows are a collection, columns have names, affected rows are counted")
    func results() async throws {
        try await withConnection { connection in
            let result = try await connection.query("SELECT g AS n, g * 2 AS twice FROM generate_series(1, 5) g")
            #expect(result.count == 5)
            #expect(result.columnNames == ["n", "twice"])
            #expect(result.column("twice") == 1)
            #expect(result.column("none") == nil)
            #expect(try result.rows.map { try $0.int32(1) } == [2, 4, 6, 8, 10])
            #expect(try result.rows.last?.int32(0) == 5)
            try await connection.script("CREATE TABLE counted (a int)")
            let insert = try await connection.query("INSERT INTO counted SELECT generate_series(1, 7)")
            #expect(insert.affectedRows == 7)
            #expect(insert.count == 0)
            #expect(try await connection.query("CREATE TABLE other ()").affectedRows == 0)
            #expect(try await connection.query("").count == 0)
        }
    }

    @Test("more parameters than the protocol has room for are refused")
    func tooManyParameters() async throws {
        try await withConnection { connection in
            let parameters = [any PostgresEncodable](repeating: 1, count: 65_536)
            let error = try await postgresError { _ = try await connection.query("SELECT 1", parameters) }
            #expect(error.code == .invalidValue)
        }
    }
}

extension PostgresConfiguration {
    static var unnamedTest: PostgresConfiguration {
        var configuration = test
        configuration.statements = .unnamed
        return configuration
    }
}
