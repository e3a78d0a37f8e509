import Crypto
import Logging
import Postgres
import Providers
import Queue
import Synchronization
import TestSupport
import Webhooks

/// A server of webhooks, a plan that has one, and clients.
struct WebhookWorld {
    static let secret = "it is a secret"

    let port: Int
    let pool: PostgresPool
    let log: LogText

    /// What a server has written into its log.
    final class LogText: Sendable {
        let lines = Mutex<[String]>([])
        var text: String { lines.withLock { $0.joined(separator: "\n") } }
    }

    struct Handler: LogHandler {
        let log: LogText
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            log.lines.withLock { $0.append("\(event.message) \(all)") }
        }
    }

    static func run(
        _ change: (inout WebhookConfiguration) -> Void = { _ in }, now: Int64 = 1_900_000_000,
        _ body: (WebhookWorld) async throws -> Void
    ) async throws {
        try await TestDatabase.current.withPool(size: 10) { pool in
            _ = try await pool.lines(
                """
                select version from agentcorp.put_plan('incident',
                    '{"on": [{"webhook": "pd", "secret": {"env": "PD"}}, {"webhook": "unset", "secret": {"env": "NONE"}}], "tasks": {"a": {"kind": "x"}}}')
                """)
            var configuration = WebhookConfiguration()
            configuration.port = 0
            configuration.grace = .seconds(2)
            change(&configuration)
            let log = LogText()
            let (ports, source) = AsyncStream.makeStream(of: Int.self)
            let server = WebhookServer(
                TaskManager(pool), configuration, logger: Logger(label: "test") { _ in Handler(log: log) },
                secret: { $0 == "PD" ? Secret(secret) : nil }, now: { now }, bound: { source.yield($0) })
            try await withServices([server]) {
                var iterator = ports.makeAsyncIterator()
                guard let port = await iterator.next() else { throw TestSupportError("it does not listen") }
                try await body(WebhookWorld(port: port, pool: pool, log: log))
            }
        }
    }

    static func code(_ text: String, _ secret: String = secret) -> String {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: Array(secret.utf8)))
            .map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
    }

    /// The headers of GitHub's form.
    static func signed(_ body: String, delivery: String? = nil) -> [String] {
        ["X-Hub-Signature-256: sha256=\(code(body))"] + (delivery.map { ["X-GitHub-Delivery: \($0)"] } ?? [])
    }

    static func request(
        _ body: String, _ headers: [String], path: String = "/hooks/pd", method: String = "POST", closing: Bool = true,
        length: Int? = nil
    ) -> String {
        ([
            "\(method) \(path) HTTP/1.1", "Host: localhost", "Content-Type: application/json",
            "Content-Length: \(length ?? body.utf8.count)",
        ] + headers + (closing ? ["Connection: close"] : [])).joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// The status and the body of the answer.
    func post(_ body: String, _ headers: [String], path: String = "/hooks/pd", method: String = "POST") async throws
        -> String
    {
        Self.short(try await say(Self.request(body, headers, path: path, method: method)))
    }

    func status(_ body: String, _ headers: [String], path: String = "/hooks/pd") async throws -> String {
        String(try await post(body, headers, path: path).prefix(3))
    }

    func answer(raw: String) async throws -> String { Self.short(try await say(raw)) }

    func status(raw: String) async throws -> String { String(try await answer(raw: raw).prefix(3)) }

    func say(_ text: String) async throws -> String {
        let client = try RawClient(port: port)
        client.send(text)
        return await client.read()
    }

    static func short(_ answer: String) -> String {
        let status = answer.split(separator: " ").dropFirst().first ?? ""
        let body = answer.components("\r\n\r\n").dropFirst().joined()
        return "\(status) \(body)".trimmed
    }

    func runs() async throws -> [String] {
        try await pool.lines("select args ->> 'trigger' from agentcorp.task where kind = 'plan' order by id")
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }

    fileprivate var trimmed: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
