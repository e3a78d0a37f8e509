internal import Postgres

/// An encrypted payload where it is stored.
struct SealedRow {
    enum Kind: String, CaseIterable {
        case args, outputs, steps, schedules

        func purpose(of row: SealedRow) -> PayloadPurpose {
            switch self {
            case .args, .schedules: .args
            case .outputs: .output(task: row.task)
            case .steps: .step(name: row.name)
            }
        }
    }

    let task: Int64
    /// Of a step or a schedule; empty for the others.
    let name: String
    /// As it stands in its column: a reference, when it is large.
    let stored: PostgresJSON
}
