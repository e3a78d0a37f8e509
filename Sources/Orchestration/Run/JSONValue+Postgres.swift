internal import JSON
internal import Postgres

extension JSONValue {
    /// As a parameter of a query, and as the output of a task.
    var postgres: PostgresJSON { PostgresJSON(bytes) }
}
