internal import Logging

extension MCPClient {
    var scrubber: Scrubber {
        switch configuration.transport {
        case .command(let command): Scrubber(Array(command.environment.values), environment: environment)
        case .endpoint(let endpoint):
            Scrubber(endpoint.headers.values + (endpoint.token.map { [$0] } ?? []), environment: environment)
        }
    }

    /// The connection, made if there is none.
    func connection() async throws -> Connection {
        while true {
            guard !isClosed else { throw MCPError(.closed, "the client of \(name) was closed.") }
            if let current {
                if current.transport.isOpen { return current }
                logger.warning("server gone", metadata: ["server": "\(configuration.name)"])
                self.current = nil
                backoff.fail(at: time.now())
            }
            if let opening {
                try await opening.done.wait()
                if let failure = opening.failure { throw failure }
                continue
            }
            return try await open()
        }
    }

    private func open() async throws -> Connection {
        let opening = Opening()
        self.opening = opening
        defer {
            self.opening = nil
            opening.done.open()
        }
        let delay = backoff.delay(at: time.now())
        if delay > .zero { try await time.sleep(delay) }
        do {
            let connection = try await connect(opening)
            current = connection
            logger.debug(
                "connected",
                metadata: ["server": "\(configuration.name)", "revision": "\(connection.outcome.revision)"])
            return connection
        } catch let error as MCPError where error.code == .cannotStart || error.code == .connectionLost {
            backoff.fail(at: time.now())
            // No request of a caller was on its way.
            let failure = MCPError(.cannotStart, error.message)
            opening.failure = failure
            throw failure
        } catch let error as MCPError {
            opening.failure = error
            throw error
        }
    }

    private func connect(_ opening: Opening) async throws -> Connection {
        let hub = NotificationHub()
        let transport = try await transport(hub)
        opening.transport = transport
        guard !isClosed else {
            await transport.close()
            throw MCPError(.closed, "the client of \(name) was closed.")
        }
        do {
            return try await negotiate(transport, hub, legacy: diesOfProbe)
        } catch let error as MCPError where error.code == .connectionLost && !diesOfProbe && !isRemote && !isClosed {
            await transport.close()
            let second = try await self.transport(hub)
            opening.transport = second
            do {
                let connection = try await negotiate(second, hub, legacy: true)
                diesOfProbe = true
                return connection
            } catch {
                await second.close()
                throw error
            }
        } catch {
            await transport.close()
            throw error
        }
    }

    private var isRemote: Bool {
        if case .endpoint = configuration.transport { true } else { false }
    }

    private func negotiate(_ transport: any Transport, _ hub: NotificationHub, legacy: Bool) async throws -> Connection
    {
        let ids = ids
        let negotiation = Negotiation(
            transport: transport, server: name, patience: min(.seconds(10), configuration.startTimeout / 2),
            limit: configuration.startTimeout, time: time, nextID: { ids.next() })
        let outcome = try await legacy ? negotiation.runLegacy() : negotiation.run()
        return Connection(transport, outcome, hub, ids)
    }

    private func transport(_ hub: NotificationHub) async throws -> any Transport {
        switch configuration.transport {
        case .command(let command):
            return try await StdioTransport.start(
                command, of: configuration, environment: try variables(of: command), hub: hub, scrubber: scrubber,
                logger: logger)
        case .endpoint(let endpoint):
            return HTTPTransport(
                endpoint, of: configuration, environment: environment, hub: hub, scrubber: scrubber, time: time,
                logger: logger)
        }
    }

    /// The whole environment of the server's program: a few harmless variables of ours, and what was configured.
    private func variables(of command: MCPCommand) throws -> [String: String] {
        let harmless: Set<String> = ["PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"]
        var variables = environment.filter { name, _ in
            harmless.contains(name) || name.hasPrefix("LC_") || command.inherited.contains(name)
        }
        for (variable, value) in command.environment {
            variables[variable] = try value.read(from: environment, for: "the variable \(variable) of \(name)")
        }
        return variables
    }
}
