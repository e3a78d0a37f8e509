internal import FoundationEssentials

extension TestDatabase {
    /// What `scripts/invariants.sql` finds wrong: a line per violation, none when all is well.
    public func violations() async throws -> [String] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../scripts/invariants.sql"
        let sql = String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
        return try await psql(sql).split(separator: "\n").map(String.init)
    }
}
