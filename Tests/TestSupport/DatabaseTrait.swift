public import Testing

/// Gives a suite or a test a database of its own, `TestDatabase.current`, and drops it afterwards.
public struct DatabaseTrait: SuiteTrait, TestTrait, TestScoping {
    let isMigrated: Bool

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        // A test inside a suite that has a slot needs no other.
        if TestDatabase.scoped != nil { return try await provideDatabase(to: function) }
        try await TestSlots.shared.withSlot { try await provideDatabase(to: function) }
    }

    private func provideDatabase(to function: () async throws -> Void) async throws {
        let database = try await TestDatabase.make(isMigrated: isMigrated)
        let result: Result<Void, any Error>
        do {
            try await TestDatabase.$scoped.withValue(database) { try await function() }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await database.drop()
        try result.get()
    }
}

extension Trait where Self == DatabaseTrait {
    /// An empty database.
    public static var database: DatabaseTrait { DatabaseTrait(isMigrated: false) }
    /// A database with AgentCorp's schema.
    public static var migratedDatabase: DatabaseTrait { DatabaseTrait(isMigrated: true) }
}
