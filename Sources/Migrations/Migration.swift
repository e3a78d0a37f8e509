internal import CMigrations

/// One step of the schema: the SQL that makes it and the SQL that takes it back.
public struct Migration: Sendable {
    /// Counts from 1 without gaps.
    public let version: Int
    public let name: String
    /// The SQL that brings the schema from `version - 1` to `version`.
    public let up: String
    /// The SQL that takes it back.
    public let down: String
    /// Of the text of `up`, 16 hexadecimal digits: the FNV-1a hash of 64 bits, which is meant to notice, not to resist.
    public let checksum: String

    package init(_ version: Int, _ name: String, _ up: [UInt8], _ down: [UInt8]) {
        self.version = version
        self.name = name
        self.up = String(decoding: up, as: UTF8.self)
        self.down = String(decoding: down, as: UTF8.self)
        let hash = up.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        checksum = String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// All steps in order, embedded in the binary.
    public static let all: [Migration] = (0..<agentcorp_migration_count()).map { index in
        let step = agentcorp_migration_at(index)!.pointee
        return Migration(
            index + 1, String(cString: step.name), Array(UnsafeBufferPointer(start: step.up, count: step.up_length)),
            Array(UnsafeBufferPointer(start: step.down, count: step.down_length)))
    }
}
