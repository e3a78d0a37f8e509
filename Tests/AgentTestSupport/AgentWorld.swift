package import Agents
internal import Coordinator
package import JSON
internal import Logging
package import Postgres
package import Providers
package import Queue
internal import ServiceLifecycle
internal import TestSupport
internal import Testing
package import Tools
package import Worker

/// A worker that runs agents, a coordinator, and the database between them.
package struct AgentWorld {
    package let pool: PostgresPool
    package let manager: TaskManager

    package static let prices = PriceTable([
        "script": ["*": ModelPrice(input: USD("1")!, output: USD("2")!, contextWindow: 100_000, maxOutput: 1000)],
        "spare": ["*": ModelPrice(input: USD("1")!, output: USD("2")!, contextWindow: 100_000, maxOutput: 1000)],
    ])

    /// Runs it for the time of a test, and shuts it down gracefully afterwards.
    ///
    /// - Parameters:
    ///   - agents: Configurations; what they do not say is `script/m` and the name `a`.
    ///   - register: What more the workers can do.
    package static func run<Result>(
        _ providers: [any Provider], _ agents: [JSONValue] = [[:]], tools: [Tool] = [], prices: PriceTable = prices,
        workers: Int = 1, concurrency: Int = 10, scrubber: SecretScrubber? = nil,
        register: @Sendable (HandlerRegistry, AgentRuntime) -> Void = { _, _ in },
        _ body: (AgentWorld) async throws -> Result
    ) async throws -> Result {
        let dsn = TestDatabase.current.dsn
        return try await TestDatabase.current.withPool(size: 20) { pool in
            var catalog = try ProviderCatalog(environment: [:])
            for provider in providers { catalog.register(provider) }
            let registry = ToolRegistry()
            for tool in tools { try registry.register(tool) }
            var runtime = AgentRuntime(providers: catalog, tools: registry, prices: prices)
            if let scrubber { runtime.scrubber = scrubber }
            try await AgentPool(pool, prices: prices).put(agents.map(config))
            var services: [any Service] = []
            for _ in 0..<workers {
                var configuration = WorkerConfiguration()
                configuration.lanes = [.init("default", concurrency: concurrency)]
                configuration.beat = .milliseconds(50)
                configuration.listener = PostgresConfiguration(dsn: dsn)
                configuration.shutdownGrace = .seconds(2)
                let handlers = HandlerRegistry()
                handlers.register("noop") { _ in .completed(nil) }
                runtime.register(in: handlers)
                register(handlers, runtime)
                services.append(
                    Worker(pool: pool, handlers: handlers, configuration: configuration, logger: .silent))
            }
            var configuration = CoordinatorConfiguration()
            configuration.listener = PostgresConfiguration(dsn: dsn)
            configuration.poll = .milliseconds(100)
            services.append(Coordinator(pool: pool, configuration: configuration, logger: .silent))
            return try await withServices(services) {
                try await body(AgentWorld(pool: pool, manager: TaskManager(pool)))
            }
        }
    }

    package static func config(_ fields: JSONValue) throws -> AgentConfig {
        var members: [String: JSONValue] = ["name": "a", "model": "script/m"]
        if case .object(let given) = fields { members.merge(given) { $1 } }
        return try AgentConfig(.object(members))
    }
}

extension AgentWorld {
    /// Asks the agent, waits for the end of the task, and returns its output.
    package func ask(_ prompt: String = "do it", agent: String = "a", schema: JSONSchema? = nil) async throws
        -> JSONValue
    {
        try await end(of: try await manager.ask(agent, prompt, schema: schema))
    }

    /// The output of a task that completes.
    package func end(of task: Int64) async throws -> JSONValue {
        do {
            try await waitUntil("task \(task) to end") {
                try await manager.standing(of: task).state.isFinal
            }
        } catch {
            // What has become of it says more than that it took too long.
            let attempts = try await rows(
                "select concat_ws(' ', task_id, attempt, outcome, error ->> 'message') from agentcorp.attempts order by 1 limit 50"
            )
            throw TestSupportError("\(error); attempts: \(attempts.joined(separator: "; "))")
        }
        return try await manager.output(ofEnded: task)
    }

    /// The error of a task that fails.
    package func failure(of task: Int64) async throws -> TaskFailure {
        do {
            let output = try await end(of: task)
            throw TestSupportError("task \(task) has not failed, but completed with \(output.text)")
        } catch let failure as TaskFailure {
            return failure
        }
    }

    package func failure(_ prompt: String = "do it", agent: String = "a", schema: JSONSchema? = nil) async throws
        -> TaskFailure
    {
        try await failure(of: try await manager.ask(agent, prompt, schema: schema))
    }

    /// The rows of a query, columns separated by `|`, null as nothing.
    package func rows(_ sql: String) async throws -> [String] { try await pool.lines(sql) }

    /// Waits until a query gives this row.
    package func wait(_ sql: String, _ expected: String) async throws {
        try await pool.waitForLine(sql, expected)
    }

    /// Waits for the open approval of a task's call.
    package func approval() async throws -> ApprovalRecord {
        try await waitUntil("a request for approval") {
            try await !manager.approvals().isEmpty
        }
        return try await manager.approvals()[0]
    }
}
