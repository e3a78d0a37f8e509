import Queue

/// The warning about tasks that wait for a worker which does not exist.
enum UnhandledKinds {
    static func warn(of kinds: [String], _ manager: TaskManager) async throws {
        let kinds = try await manager.unhandledKinds(kinds)
        guard !kinds.isEmpty else { return }
        let names = kinds.prefix(10).map { "\"\(DisplayText.printable($0))\"" }.joined(separator: ", ")
        Terminal.warn(
            """
            no live worker handles \(kinds.count == 1 ? "kind" : "the kinds") \(names): it waits until one does. \
            See `agentcorp workers`.
            """)
    }
}
