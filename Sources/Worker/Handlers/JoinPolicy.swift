internal import Postgres

/// How the ends of several needed tasks combine.
public enum JoinPolicy: Sendable, Hashable {
    /// All must complete.
    case all
    /// One must complete; the others are cancelled then.
    case any
    /// So many must complete; the others are cancelled then.
    case quorum(Int)
    /// All must end, however.
    case settled

    var json: PostgresJSON {
        switch self {
        case .all: PostgresJSON("\"all\"")
        case .any: PostgresJSON("\"any\"")
        case .quorum(let count): PostgresJSON("{\"quorum\": \(count)}")
        case .settled: PostgresJSON("\"settled\"")
        }
    }
}
