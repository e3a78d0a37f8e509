import TestSupport

extension Session {
    /// Makes a role for the time of a test. Roles belong to the whole server, so its name is the database's.
    func withRole(_ options: String = "", _ body: (String) async throws -> Void) async throws {
        let name = "\(TestDatabase.current.name)_\(UInt32.random(in: 0..<1_000_000))"
        try await run("create role \(name) \(options)")
        let result: Result<Void, any Error>
        do {
            try await body(name)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        // A failed test may have left a transaction open.
        try? await run("rollback")
        try await run("reset role; drop owned by \(name) cascade; drop role \(name)")
        try result.get()
    }
}
