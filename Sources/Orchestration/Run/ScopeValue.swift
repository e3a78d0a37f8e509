internal import JSON

/// A value that expressions can speak of.
struct ScopeValue: Sendable {
    /// Nil: the task is open, or the value is none of a task's.
    let end: TaskEnd?
    let value: JSONValue?
    /// It lies encrypted in the database.
    let isSecret: Bool
}
