import TestSupport
import Testing
import Webhooks

@Suite struct WebhookServerTests {
    private static let refused = #"401 {"error":"the signature is missing or wrong"}"#

    @Test("a signed request starts the run, and its body is the trigger", .checkedDatabase)
    func starts() async throws {
        try await WebhookWorld.run { world in
            let body = #"{"id": 7, "n": 1.50}"#
            #expect(
                try await world.post(body, WebhookWorld.signed(body, delivery: "d1")) == #"202 {"new":true,"run":1}"#)
            #expect(
                try await world.post(body, WebhookWorld.signed(body, delivery: "d1")) == #"202 {"new":false,"run":1}"#)
            #expect(
                try await world.post(body, WebhookWorld.signed(body, delivery: "d2")) == #"202 {"new":true,"run":2}"#)
            // Without a number of the delivery, the body is one.
            #expect(try await world.post(body, WebhookWorld.signed(body)) == #"202 {"new":true,"run":3}"#)
            #expect(try await world.post(body, WebhookWorld.signed(body)) == #"202 {"new":false,"run":3}"#)
            let text = "plain text"
            let answer = try await world.say(
                "POST /hooks/pd HTTP/1.1\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 10\r\n\(WebhookWorld.signed(text)[0])\r\n\r\n\(text)"
            )
            #expect(WebhookWorld.short(answer) == #"202 {"new":true,"run":4}"#)
            #expect(answer.contains("Content-Type: application/json"))
            #expect(
                try await world.runs() == [
                    #"{"n": 1.50, "id": 7}"#, #"{"n": 1.50, "id": 7}"#, #"{"n": 1.50, "id": 7}"#, text,
                ])
        }
    }

    @Test("the forms of signatures that senders have", .checkedDatabase)
    func forms() async throws {
        try await WebhookWorld.run { world in
            let now = 1_900_000_000
            let timed = WebhookWorld.code("\(now).1")
            let other = WebhookWorld.code("x")
            let own = ["X-AgentCorp-Signature: sha256=\(timed)", "X-AgentCorp-Timestamp: \(now)"]
            let stripe = ["Stripe-Signature: t=\(now),v1=\(other),v1=\(timed),v0=1"]
            let pagerDuty = ["X-PagerDuty-Signature: v1=\(other),v1=\(WebhookWorld.code("1"))"]
            for headers in [own, stripe, pagerDuty] {
                let status = try await world.status("1", headers)
                #expect(status == "202", "\(headers)")
            }
            // The body is the same, and so all three are one delivery.
            #expect(try await world.runs() == ["1"])
            // Signed at the same time with the same body, but under another number: a replay.
            #expect(try await world.post("1", own + ["Idempotency-Key: other"]) == #"202 {"new":false,"run":1}"#)
        }
    }

    @Test("what is not signed, wrongly, by another, long ago or for another body, starts nothing", .checkedDatabase)
    func unsigned() async throws {
        try await WebhookWorld.run { world in
            let body = #"{"id": 7}"#
            let right = WebhookWorld.code(body)
            var bad: [[String]] = [
                [], ["X-Hub-Signature-256: \(right)"], ["X-Hub-Signature-256: sha256="],
                ["X-Hub-Signature-256: sha256=\(right)00"], ["X-Hub-Signature-256: sha256=\(right.dropLast(2))"],
                ["X-Hub-Signature-256: sha256=\(WebhookWorld.code(body, "other"))"],
                ["X-Hub-Signature-256: sha256=\(WebhookWorld.code(body, ""))"],
                ["X-Hub-Signature-256: sha256=\(WebhookWorld.code(body + " "))"],
                ["X-Hub-Signature-256: sha256=\(String(repeating: "zz", count: 32))"],
                ["X-Hub-Signature-256: sha1=\(right)"], ["X-PagerDuty-Signature: v1="],
                ["X-PagerDuty-Signature: ,,,=,"],
                ["X-PagerDuty-Signature: " + String(repeating: "v1=\(right.dropLast())a,", count: 30)],
                ["Stripe-Signature: v1=\(right)"], ["Stripe-Signature: t=1,v1=\(right)"],
                // A form with a time is not read as one without.
                ["X-AgentCorp-Signature: sha256=\(right)"],
                ["X-AgentCorp-Signature: sha256=\(right)", "X-Hub-Signature-256: sha256=\(right)"],
                ["X-AgentCorp-Signature: sha256=\(right)", "X-AgentCorp-Timestamp: 99999999999999999999"],
                ["X-AgentCorp-Signature: sha256=\(right)", "X-AgentCorp-Timestamp: -1"],
                ["X-Hub-Signature-256: sha256=\(right)", "X-Hub-Signature-256: sha256=\(right)"],
            ]
            // Each digit counts.
            bad += (0..<64).map { index in
                var digits = Array(right)
                digits[index] = digits[index] == "0" ? "1" : "0"
                return ["X-Hub-Signature-256: sha256=\(String(digits))"]
            }
            for headers in bad { #expect(try await world.post(body, headers) == Self.refused, "\(headers)") }
            for time in [1_900_000_000 - 301, 1_900_000_000 + 301, 0] {
                let code = WebhookWorld.code("\(time).\(body)")
                let answer = try await world.post(body, ["Stripe-Signature: t=\(time),v1=\(code)"])
                #expect(answer == #"401 {"error":"the time of the signature is too far away"}"#)
            }
            #expect(try await world.runs() == [])
            #expect(!world.log.text.contains(right) && !world.log.text.contains(WebhookWorld.secret))
        }
    }

    @Test("other paths, methods and bodies are answered in JSON", .checkedDatabase)
    func refusals() async throws {
        try await WebhookWorld.run({ $0.maxBody = 1000 }) { world in
            for path in [
                "/", "/hooks", "/hooks/", "/hooks/none", "/hooks/pd/", "/hooks/../pd", "/hooks/%70d",
                "/hooks/" + String(repeating: "a", count: 101),
            ] {
                #expect(
                    try await world.post("1", WebhookWorld.signed("1"), path: path)
                        == #"404 {"error":"there is no such webhook"}"#)
            }
            #expect(try await world.status("1", WebhookWorld.signed("1"), path: "/hooks/pd?x=1") == "202")
            #expect(try await world.post("", [], method: "GET") == #"405 {"error":"only POST"}"#)
            #expect(try await world.post("", [], path: "/health", method: "GET") == #"200 {"ok":true}"#)
            #expect(try await world.status("1", WebhookWorld.signed("1"), path: "/hooks/unset") == "503")
            #expect(world.log.text.contains("NONE"))
            for body in ["{", "", "{\"a\": \"\\u0000\"}", "[1,]", "\u{0}"] {
                #expect(try await world.status(body, WebhookWorld.signed(body)) == "400", "\(body)")
            }
            #expect(
                try await world.post("2", WebhookWorld.signed("2", delivery: String(repeating: "x", count: 501)))
                    .hasPrefix(
                        "400"))
            _ = try await world.pool.lines("select agentcorp.pause_plan_trigger('incident', 0)")
            let waiting = try await waitForPause(world)
            #expect(waiting.hasPrefix("503"))
        }
    }

    private func waitForPause(_ world: WebhookWorld) async throws -> String {
        var answer = ""
        try await waitUntil("the pause to be noticed") {
            answer = try await world.post("3", WebhookWorld.signed("3"))
            return !answer.hasPrefix("202")
        }
        return answer
    }

    @Test("a body over the limit is cut off, announced or in chunks; one in chunks below it is taken", .checkedDatabase)
    func sizes() async throws {
        try await WebhookWorld.run({ $0.maxBody = 1000 }) { world in
            let tooLarge = #"413 {"error":"the body is too large"}"#
            let large = "\"" + String(repeating: "x", count: 2000) + "\""
            #expect(try await world.post(large, WebhookWorld.signed(large)) == tooLarge)
            // Before anything of it is sent.
            #expect(try await world.answer(raw: WebhookWorld.request("", [], length: 1 << 40)) == tooLarge)
            let head =
                "POST /hooks/pd HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
            let chunk = "64\r\n" + String(repeating: "1", count: 100) + "\r\n"
            #expect(
                try await WebhookWorld.short(world.say(head + "\r\n" + String(repeating: chunk, count: 20))) == tooLarge
            )
            let small = head + WebhookWorld.signed("123")[0] + "\r\n\r\n1\r\n1\r\n2\r\n23\r\n0\r\n\r\n"
            #expect(try await world.status(raw: small) == "202")
            #expect(try await world.runs() == ["123"])
            // Without a body to wait for.
            let client = try RawClient(port: world.port)
            client.send(WebhookWorld.request("", WebhookWorld.signed("4") + ["Expect: 100-continue"], length: 1))
            let interim = await client.read(until: "\r\n\r\n")
            #expect(interim.hasPrefix("HTTP/1.1 100"))
            client.send("4")
            let last = await client.read()
            #expect(last.hasPrefix("HTTP/1.1 202"))
        }
    }

    @Test("malformed HTTP and floods of headers are answered or cut off, and the server goes on", .checkedDatabase)
    func malformed() async throws {
        try await WebhookWorld.run({ $0.requestTimeout = .seconds(2) }) { world in
            let flood = (0..<5000).map { "X-\($0): y" }.joined(separator: "\r\n")
            #expect(try await world.status(raw: "POST /hooks/pd HTTP/1.1\r\n\(flood)\r\n\r\n") == "431")
            let long = String(repeating: "y", count: 100_000)
            #expect(try await world.status(raw: "POST /hooks/pd HTTP/1.1\r\nX: \(long)\r\n\r\n") == "431")
            for text in [
                "\r\n\r\n\r\n\r\nnonsense\r\n\r\n", "GET\r\n\r\n", "POST /hooks/pd HTTP/9.9\r\n\r\n",
                "\u{16}\u{3}\u{1}\u{2}",
                "POST /hooks/pd HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n1",
                "POST /hooks/pd HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                "POST /hooks/pd HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                "POST /hooks/pd HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "POST /hooks/pd HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "POST /hooks/pd HTTP/1.1\r\n: x\r\n\r\n",
                "POST \(long) HTTP/1.1\r\n\r\n", String(repeating: "\u{7f}", count: 1000),
            ] {
                let answer = try await world.say(text)
                #expect(answer.isEmpty || answer.contains(" 4"), "\(text.prefix(60)) \(answer)")
            }
            #expect(try await world.status("1", WebhookWorld.signed("1")) == "202")
            #expect(try await world.runs() == ["1"])
        }
    }

    @Test("requests one after the other in one connection are answered in order", .checkedDatabase)
    func pipelined() async throws {
        try await WebhookWorld.run { world in
            let texts = (1...20).map { WebhookWorld.request("\($0)", WebhookWorld.signed("\($0)"), closing: $0 == 20) }
            let answer = try await world.say(texts.joined())
            let runs = answer.split(separator: "\r\n").flatMap { $0.split(separator: "\n") }.filter {
                $0.hasPrefix("{")
            }
            #expect(runs.map(String.init) == (1...20).map { #"{"new":true,"run":\#($0)}"# })
            #expect(try await world.runs() == (1...20).map { "\($0)" })
        }
    }

    @Test("who sends slowly, nothing, or half is cut off", .checkedDatabase)
    func slow() async throws {
        try await WebhookWorld.run({ $0.requestTimeout = .milliseconds(300) }) { world in
            let silent = try RawClient(port: world.port)
            let half = try RawClient(port: world.port)
            half.send(WebhookWorld.request("12", [], length: 100))
            let slow = try RawClient(port: world.port)
            // A byte of the headers now and then keeps nobody's connection.
            let begin = ContinuousClock.now
            while ContinuousClock.now - begin < .seconds(60), slow.send("X") {
                // The pace is what is tested: nothing is waited for.
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(ContinuousClock.now - begin < .seconds(60))
            let rest = await [silent.read(), half.read()]
            #expect(rest == ["", ""])
            #expect(try await world.status("1", WebhookWorld.signed("1")) == "202")
        }
    }

    @Test("a thousand at once, and more than there may be: each is answered, each starts one run", .checkedDatabase)
    func many() async throws {
        try await WebhookWorld.run({ $0.maxConnections = 200 }) { world in
            let clients = try (0..<1000).map { _ in try RawClient(port: world.port) }
            for (index, client) in clients.enumerated() {
                client.send(WebhookWorld.request("\(index / 2)", WebhookWorld.signed("\(index / 2)")))
            }
            var counts: [String: Int] = [:]
            for client in clients { counts[String(await WebhookWorld.short(client.read()).prefix(3)), default: 0] += 1 }
            #expect(counts == ["202": 1000], "\(counts)")
            #expect(
                try await world.pool.lines(
                    "select count(*), count(distinct args ->> 'trigger') from agentcorp.task where kind = 'plan'") == [
                        "500|500"
                    ])
        }
    }

    @Test("too many at the database are told to come again", .checkedDatabase)
    func busy() async throws {
        try await WebhookWorld.run({ $0.maxPending = 0 }) { world in
            let answer = try await world.say(WebhookWorld.request("1", WebhookWorld.signed("1")))
            #expect(WebhookWorld.short(answer).hasPrefix("429"))
            #expect(answer.contains("Retry-After: 1"))
        }
    }
}
