/// What expressions can speak of that is read from the database.
struct ScopeKey: Hashable, Sendable {
    enum Source: Hashable, Sendable {
        /// A task of the plan, by name.
        case task(String)
        /// The task of the round before, by id.
        case previous(Int64)
        case input
        /// What started the run.
        case trigger
    }

    /// The root of the run that reads: what belongs to another tenant is not there for it.
    let root: Int64
    /// The task of the plan.
    let scope: Int64
    let source: Source
}
