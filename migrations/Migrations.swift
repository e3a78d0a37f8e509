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

    // The build names an embedded file by its name, with the first digit replaced by an underscore.

    /// All steps in order, embedded in the binary.
    public static let all: [Migration] = [
        Migration(1, "tables", PackageResources._001_tables_sql, PackageResources._001_tables_down_sql),
        Migration(2, "foundation", PackageResources._002_foundation_sql, PackageResources._002_foundation_down_sql),
        Migration(3, "gates", PackageResources._003_gates_sql, PackageResources._003_gates_down_sql),
        Migration(4, "enqueue", PackageResources._004_enqueue_sql, PackageResources._004_enqueue_down_sql),
        Migration(5, "tree", PackageResources._005_tree_sql, PackageResources._005_tree_down_sql),
        Migration(6, "work", PackageResources._006_work_sql, PackageResources._006_work_down_sql),
        Migration(7, "resolve", PackageResources._007_resolve_sql, PackageResources._007_resolve_down_sql),
        Migration(8, "workers", PackageResources._008_workers_sql, PackageResources._008_workers_down_sql),
        Migration(
            9, "cancel_retry", PackageResources._009_cancel_retry_sql, PackageResources._009_cancel_retry_down_sql),
        Migration(10, "steps", PackageResources._010_steps_sql, PackageResources._010_steps_down_sql),
        Migration(11, "views", PackageResources._011_views_sql, PackageResources._011_views_down_sql),
        Migration(12, "limits", PackageResources._012_limits_sql, PackageResources._012_limits_down_sql),
        Migration(13, "schedules", PackageResources._013_schedules_sql, PackageResources._013_schedules_down_sql),
        Migration(14, "events", PackageResources._014_events_sql, PackageResources._014_events_down_sql),
        Migration(15, "batches", PackageResources._015_batches_sql, PackageResources._015_batches_down_sql),
        Migration(
            16, "dead_letters", PackageResources._016_dead_letters_sql, PackageResources._016_dead_letters_down_sql),
        Migration(17, "retention", PackageResources._017_retention_sql, PackageResources._017_retention_down_sql),
        Migration(18, "payloads", PackageResources._018_payloads_sql, PackageResources._018_payloads_down_sql),
        Migration(19, "doctor", PackageResources._019_doctor_sql, PackageResources._019_doctor_down_sql),
        Migration(20, "access", PackageResources._020_access_sql, PackageResources._020_access_down_sql),
    ]
}
