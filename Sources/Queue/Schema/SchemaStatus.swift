internal import Migrations

/// Where a database stands against the migrations of this binary.
public struct SchemaStatus: Sendable {
    /// What is known of one migration.
    public enum State: String, Sendable, Codable {
        case applied
        case pending
        /// Applied from another text than this binary's.
        case changed
        /// Applied by a newer binary.
        case unknown
    }

    /// One migration and when it was applied, in ISO 8601; nil while it is pending.
    public struct Step: Sendable, Codable {
        public let version: Int
        public let name: String
        public let state: State
        public let appliedAt: String?

        enum CodingKeys: String, CodingKey {
            case version, name, state
            case appliedAt = "applied_at"
        }
    }

    /// A row of `agentcorp.migration`.
    struct Record {
        let version: Int
        let name: String
        let appliedAt: String
        /// Development versions kept none.
        let checksum: String?
    }

    public let steps: [Step]
    /// The version that this binary was made with.
    private let target: Int

    init(_ records: [Record], _ migrations: [Migration]) {
        target = migrations.count
        let applied = Dictionary(records.map { ($0.version, $0) }) { first, _ in first }
        steps =
            migrations.map { migration in
                let record = applied[migration.version]
                let state: State = record.map { $0.checksum == migration.checksum ? .applied : .changed } ?? .pending
                return Step(
                    version: migration.version, name: migration.name, state: state, appliedAt: record?.appliedAt)
            }
            + records.filter { $0.version > migrations.count }.sorted { $0.version < $1.version }.map {
                Step(version: $0.version, name: $0.name, state: .unknown, appliedAt: $0.appliedAt)
            }
    }

    /// The version of the database; 0 when it has no schema.
    public var version: Int { steps.filter { $0.appliedAt != nil }.map(\.version).max() ?? 0 }

    /// What keeps this binary from working with the schema; nil when nothing does.
    ///
    /// A schema that is one version ahead is fine: migrations are additive, so that the previous release goes on
    /// working while the next one is rolled out.
    public var obstacle: QueueError? {
        if version == 0 {
            return QueueError(
                .schemaMismatch, "the database has no AgentCorp schema", hint: "Run: agentcorp migrate up")
        }
        if let obstacle = obstacleToMigrating, version != target + 1 || isChanged { return obstacle }
        guard let missing = steps.first(where: { $0.state == .pending }) else { return nil }
        return QueueError(
            .schemaMismatch,
            version < target
                ? "the schema is at version \(version), this agentcorp needs \(target)"
                : "migration \(missing.version) (\(missing.name)) is missing though later ones are there",
            hint: "Run: agentcorp migrate up")
    }

    /// What keeps this binary from changing the schema; nil when nothing does.
    public var obstacleToMigrating: QueueError? {
        if let step = steps.first(where: { $0.state == .changed }) {
            return QueueError(
                .schemaMismatch,
                "migration \(step.version) (\(step.name)) was applied from another text than this agentcorp's: "
                    + "the schema was made by a development version",
                hint: "Create a new database, as with `agentcorp dev --reset`; this one cannot be brought up to date.")
        }
        if version > target {
            return QueueError(
                .schemaMismatch,
                "the schema is at version \(version), this agentcorp knows versions up to \(target)",
                hint: "Use a newer agentcorp.")
        }
        return nil
    }

    private var isChanged: Bool { steps.contains { $0.state == .changed } }
}
