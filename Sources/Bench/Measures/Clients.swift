internal import Postgres

/// Clients of the engine in this process, each with a connection of its own.
enum Clients {
    /// Runs clients that do `tasks` tasks between them, and measures it.
    ///
    /// `prepare` makes a client ready before the clock starts, as the raw sessions are: a connection's first calls, in
    /// which the server compiles the functions, are not what lasts. `body` says how many tasks it did.
    static func leg<Client: Sendable>(
        _ count: Int, _ database: BenchDatabase, tasks: Int,
        prepare: (PostgresConnection) async throws -> Client,
        body: @escaping @Sendable (Client, Int) async throws -> Int,
        end: (Client) async throws -> Void = { _ in }
    ) async throws -> Leg {
        var connections: [PostgresConnection] = []
        var clients: [Client] = []
        do {
            for _ in 0..<count {
                let connection = try await PostgresConnection.connect(
                    PostgresConfiguration(dsn: database.dsn), logger: .silent)
                connections.append(connection)
                clients.append(try await prepare(connection))
            }
            let (start, cpuBefore) = (try await database.meter.read(), ProcessMeter.ownCPU())
            let done = try await withThrowingTaskGroup(of: Int.self) { group in
                for (index, client) in clients.enumerated() { group.addTask { try await body(client, index) } }
                return try await group.reduce(0, +)
            }
            let (cpuAfter, finish) = (ProcessMeter.ownCPU(), try await database.meter.read())
            guard done == tasks else { throw BenchError("the clients did \(done) of \(tasks) tasks") }
            for client in clients { try await end(client) }
            for connection in connections { await connection.close() }
            return Leg(
                tasks: tasks, seconds: finish.time - start.time, from: start, to: finish,
                clientCPU: cpuAfter - cpuBefore)
        } catch {
            for connection in connections { await connection.close() }
            throw error
        }
    }
}
