internal import Postgres

#if canImport(Glibc)
    internal import Glibc
#endif

/// Tasks as the rows of two COPYs in the binary format. They are made once; from call to call only their numbers change.
struct RawCopyRows: Sendable {
    private var bodies = header
    private var ready = header
    /// Where the numbers of each row begin: the id, then the root's id; the seq, then the task's id.
    private var bodyNumbers: [Int] = []
    private var readyNumbers: [Int] = []

    /// Source: "Binary Format" in PostgreSQL's documentation of COPY: signature, flags, length of the extension.
    private static let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A] + [UInt8](repeating: 0, count: 9)

    init(_ args: [PostgresJSON]) {
        // PostgreSQL counts microseconds from 2000 on.
        let now = Int64(time(nil) - 946_684_800) * 1_000_000
        for args in args {
            bodyNumbers.append(bodies.count + 2)
            bodies.append(integer: Int16(7))
            bodies.append(field: Int64(0))
            bodies.append(field: Int64(0))
            bodies.append(field: now)
            bodies.append(field: Int32(1))
            bodies.append(field: Int16(4))
            bodies.append(field: Array("noop".utf8))
            // The first byte is the version of jsonb's own binary format.
            bodies.append(field: [1] + args.bytes)

            readyNumbers.append(ready.count + 2)
            ready.append(integer: Int16(6))
            ready.append(field: Int64(0))
            ready.append(field: Int64(0))
            ready.append(field: Int32(1))
            ready.append(field: Int16(4))
            ready.append(field: Int16(0))
            ready.append(field: Int16(1))
        }
        bodies.append(integer: Int16(-1))
        ready.append(integer: Int16(-1))
    }

    /// Gives the tasks consecutive ids.
    mutating func number(from first: Int64) {
        for index in bodyNumbers.indices {
            let id = first + Int64(index)
            for offset in [4, 16] {
                bodies.set(id, at: bodyNumbers[index] + offset)
                ready.set(id, at: readyNumbers[index] + offset)
            }
        }
    }

    /// Loads them in one transaction.
    func send(through session: RawSession) throws {
        try session.script("begin")
        try session.copy(
            "copy raw.task (id, root_id, created_at, queue_id, priority, kind, args) from stdin (format binary)", bodies
        )
        try session.copy(
            "copy raw.ready (seq, task_id, queue_id, priority, shard, attempt) from stdin (format binary)", ready)
        try session.script("commit")
    }
}

extension [UInt8] {
    fileprivate mutating func append(integer: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: integer.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(field integer: some FixedWidthInteger) {
        append(integer: Int32(integer.bitWidth / 8))
        append(integer: integer)
    }

    fileprivate mutating func append(field bytes: [UInt8]) {
        append(integer: Int32(bytes.count))
        append(contentsOf: bytes)
    }

    fileprivate mutating func set(_ number: Int64, at offset: Int) {
        withUnsafeMutableBytes { $0.storeBytes(of: number.bigEndian, toByteOffset: offset, as: Int64.self) }
    }
}
