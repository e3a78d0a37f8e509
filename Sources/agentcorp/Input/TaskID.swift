import ArgumentParser

/// The id of a task.
struct TaskID: ExpressibleByArgument, Sendable {
    let value: Int64

    init?(argument: String) {
        guard let value = Int64(argument), value > 0 else { return nil }
        self.value = value
    }
}
