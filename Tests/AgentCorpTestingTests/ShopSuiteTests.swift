import AgentCorpTesting
import Queue
import Testing

/// Gives each test of a suite a queue: `@Suite(.queue) struct ... { let queue = QueueTrait.current }`.
struct QueueTrait: SuiteTrait, TestTrait, TestScoping {
    @TaskLocal static var scoped: TestQueue?
    static var current: TestQueue { scoped! }
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await TestQueue.withQueue { queue in
            Shop.register(on: queue.handlers)
            try await QueueTrait.$scoped.withValue(queue) { try await function() }
        }
    }
}

extension Trait where Self == QueueTrait {
    static var queue: QueueTrait { QueueTrait() }
}

@Suite(.queue)
struct ShopSuiteTests {
    let queue = QueueTrait.current

    @Test("each test begins with an empty queue", arguments: 1...3)
    func empty(_ number: Int) async throws {
        #expect(try await queue.enqueued().isEmpty)
        try await Shop(queue: queue.manager).signUp("ada@example.com")
        #expect(
            try await queue.run(.init("mail", args: Shop.Mail(to: "a@b", text: "\(number)"))).decode() == "sent to a@b")
    }
}
