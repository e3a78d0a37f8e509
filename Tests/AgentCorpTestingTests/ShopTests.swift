import AgentCorpTesting
import FoundationEssentials
import Queue
import Testing
import Worker

/// What an application adds and executes: the code under test.
struct Shop {
    struct Mail: Codable, Sendable {
        var to: String
        var text: String
    }

    let queue: TaskManager

    func signUp(_ address: String) async throws {
        try await queue.enqueue(TaskRequest("mail", args: Mail(to: address, text: "Welcome!")))
        var reminder = try TaskRequest("mail", args: Mail(to: address, text: "Still there?"))
        reminder.delay = .seconds(7 * 24 * 3600)
        try await queue.enqueue(reminder)
    }

    static func register(on handlers: HandlerRegistry) {
        handlers.register("mail") { (context: TaskContext, mail: Mail) in
            guard mail.to.contains("@") else { throw PermanentFailure("\(mail.to) is no address") }
            return "sent to \(mail.to)"
        }
    }
}

@Suite
struct ShopTests {
    @Test("a sign-up adds two mails, and sends the second one after a week")
    func signUp() async throws {
        try await TestQueue.withQueue { queue in
            Shop.register(on: queue.handlers)
            try await Shop(queue: queue.manager).signUp("ada@example.com")

            let mails = try await queue.enqueued(kind: "mail")
            #expect(mails.map(\.state) == [.ready, .scheduled])
            #expect(try mails[0].decode(Shop.Mail.self).text == "Welcome!")

            #expect(try await queue.drain().completed == 1)
            try await queue.clock.advance(by: .seconds(7 * 24 * 3600))
            #expect(try await queue.drain().completed == 1)
            #expect(try await queue.enqueued(state: .completed).count == 2)
        }
    }

    @Test("a mail to nobody fails for good")
    func nobody() async throws {
        try await TestQueue.withQueue { queue in
            Shop.register(on: queue.handlers)
            let outcome = try await queue.run(TaskRequest("mail", args: Shop.Mail(to: "nobody", text: "?")))
            #expect(outcome.state == .failed)
            #expect(outcome.error?.message == "nobody is no address")
        }
    }
}
