import ArgumentParser
import Queue
import Webhooks

/// `agentcorp webhooks`: receives webhooks and starts plans.
struct WebhooksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks",
        abstract: "Receive webhooks that start plans, until told to stop.",
        discussion: """
            EXAMPLES
              PD_SECRET=... agentcorp webhooks
              agentcorp webhooks --listen 127.0.0.1:9000 --max-body 65536

            POST /hooks/NAME starts the plan that has {"webhook": "NAME", "secret": {"env": "VARIABLE"}} among its \
            triggers. The body is signed by HMAC-SHA256 with the secret in that environment variable: in the manner of \
            AgentCorp, GitHub, Stripe or PagerDuty. TLS is for a proxy in front of it. See docs/events-and-triggers.md.
            """)

    @Option(help: ArgumentHelp("Where to listen; port 0 takes one that is free.", valueName: "host:port"))
    var listen = "127.0.0.1:8484"

    @Option(help: ArgumentHelp("The largest body.", valueName: "bytes"))
    var maxBody = WebhookConfiguration().maxBody

    @OptionGroup var logs: LogOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard address != nil else { throw ValidationError("--listen is HOST:PORT, as 127.0.0.1:8484.") }
        guard (1...(64 << 20)).contains(maxBody) else { throw ValidationError("--max-body is from 1 to 67108864.") }
    }

    func run() async throws {
        let database = try connection.resolve()
        let logger = logs.start()
        try await database.withPool(size: 8, logger: logger) { pool in
            try await Migrator(pool).check()
            var configuration = WebhookConfiguration()
            configuration.maxBody = maxBody
            if let address { (configuration.host, configuration.port) = address }
            try await ServiceRunner(logger: logger, grace: configuration.grace).run([
                WebhookServer(TaskManager(pool), configuration, logger: logger)
            ])
        }
    }

    private var address: (host: String, port: Int)? {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        let host = listen[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
        return host.isEmpty ? nil : (String(host), port)
    }
}
