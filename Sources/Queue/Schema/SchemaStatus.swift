/// Where a database stands against the migrations of this binary.
public struct SchemaStatus: Sendable, Codable {
    /// One migration and when it was applied, in ISO 8601; nil while it is pending.
    public struct Step: Sendable, Codable {
        public let version: Int
        public let name: String
        public let appliedAt: String?

        enum CodingKeys: String, CodingKey {
            case version, name
            case appliedAt = "applied_at"
        }
    }

    public let steps: [Step]

    /// The version of the database; 0 when it has no schema.
    public var version: Int { steps.filter { $0.appliedAt != nil }.map(\.version).max() ?? 0 }
}
