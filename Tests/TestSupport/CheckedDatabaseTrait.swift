public import Testing

/// Gives every test of a suite a migrated database of its own, and checks the invariants when the test is over.
public struct CheckedDatabaseTrait: SuiteTrait, TestTrait, TestScoping {
    public var isRecursive: Bool { true }

    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await DatabaseTrait.migratedDatabase.provideScope(for: test, testCase: testCase) {
            try await function()
            let violations = try await TestDatabase.current.violations()
            #expect(violations.isEmpty, "the invariants hold after the test")
        }
    }
}

extension Trait where Self == CheckedDatabaseTrait {
    /// A database with AgentCorp's schema for each test, whose invariants hold at the end of it.
    public static var checkedDatabase: CheckedDatabaseTrait { CheckedDatabaseTrait() }
}
