internal import FoundationEssentials
internal import Postgres

extension PostgresTimestamp {
    init(_ date: Date) {
        self.init(microseconds: Int64((date.timeIntervalSince1970 * 1_000_000).rounded()))
    }
}
