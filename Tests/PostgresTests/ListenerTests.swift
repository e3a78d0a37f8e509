import Glibc
import Postgres
import TestSupport
import Testing

@Suite("a listener", .database, .timeLimit(.minutes(30))) struct ListenerTests {
    @Test("it yields what is notified on its channels, with the sender")
    func notifications() async throws {
        try await withConnection { sender in
            let pid = try await sender.processID()
            var events = PostgresListener(.test, channels: ["first", "Second \"one\""]).notifications
                .makeAsyncIterator()
            #expect(await events.next() == .reconnected)
            _ = try await sender.query("SELECT pg_notify('first', 'hello'), pg_notify('other', 'x')")
            _ = try await sender.query("SELECT pg_notify('Second \"one\"', '')")
            #expect(
                await events.next()
                    == .notification(PostgresNotification(channel: "first", payload: "hello", processID: pid)))
            #expect(
                await events.next()
                    == .notification(PostgresNotification(channel: "Second \"one\"", payload: "", processID: pid)))
        }
    }

    @Test("after its connection was ended it listens again and says so")
    func reconnection() async throws {
        var configuration = PostgresConfiguration.test
        configuration.applicationName = "reconnecting listener"
        try await withConnection { sender in
            var events = PostgresListener(configuration, channels: ["again"]).notifications.makeAsyncIterator()
            for round in 0..<3 {
                #expect(await events.next() == .reconnected)
                _ = try await sender.query("SELECT pg_notify('again', $1)", ["round \(round)"])
                guard case .notification(let notification)? = await events.next() else {
                    Issue.record("no notification in round \(round)")
                    return
                }
                #expect(notification.payload == "round \(round)")
                let ended = try await sender.number(
                    """
                    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE application_name = 'reconnecting listener'
                    """)
                #expect(ended == 1)
            }
        }
    }

    @Test("cancelling the consumer ends the sequence and the connection")
    func cancellation() async throws {
        var configuration = PostgresConfiguration.test
        configuration.applicationName = "cancelled listener"
        let listener = PostgresListener(configuration, channels: ["none"])
        let connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cancelled listener'"
        try await withConnection { observer in
            let consumer = Task {
                var seen = 0
                for await _ in listener.notifications { seen += 1 }
                return seen
            }
            try await waitUntil("the listener") { try await observer.number(connections) == 1 }
            consumer.cancel()
            #expect(await consumer.value <= 1)
            try await waitUntil("its end") { try await observer.number(connections) == 0 }
        }
    }

    @Test("a consumer that stops early ends the connection too")
    func stopping() async throws {
        var configuration = PostgresConfiguration.test
        configuration.applicationName = "stopped listener"
        for await event in PostgresListener(configuration, channels: ["none"]).notifications {
            #expect(event == .reconnected)
            break
        }
        try await withConnection { observer in
            try await waitUntil("its end") {
                try await observer.number(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stopped listener'") == 0
            }
        }
    }

    @Test("a server that has gone silent is found out by the probe")
    func halfOpen() async throws {
        var configuration = PostgresConfiguration.test
        configuration.applicationName = "silent listener"
        try await withConnection { observer in
            let listener = PostgresListener(configuration, channels: ["none"], probeInterval: .milliseconds(100))
            var events = listener.notifications.makeAsyncIterator()
            #expect(await events.next() == .reconnected)
            let pid = try await observer.query(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'silent listener'"
            ).rows[0].int32(0)
            kill(pid, SIGSTOP)
            defer { kill(pid, SIGCONT) }
            #expect(await events.next() == .reconnected)
        }
    }

    @Test("a slow consumer keeps the newest thousand and the server's queue empty")
    func slowConsumer() async throws {
        try await withConnection { sender in
            var events = PostgresListener(.test, channels: ["flood"]).notifications.makeAsyncIterator()
            #expect(await events.next() == .reconnected)
            _ = try await sender.query("SELECT pg_notify('flood', g::text) FROM generate_series(1, 20000) g")
            try await waitUntil("the queue to drain") {
                try await sender.query("SELECT pg_notification_queue_usage()").rows[0].double(0) == 0
            }
            var last = ""
            var seen = 0
            while last != "20000", case .notification(let notification)? = await events.next() {
                last = notification.payload
                seen += 1
            }
            #expect(last == "20000")
            #expect(seen <= 20_000)
        }
    }
}
