internal import Logging
public import ServiceLifecycle

/// Runs services for the time of a test, and shuts them down gracefully afterwards.
public func withServices<Result>(
    _ services: [any Service], _ body: () async throws -> Result
) async throws -> Result {
    let group = ServiceGroup(
        configuration: .init(services: services.map { .init(service: $0) }, logger: .silent))
    let running = Task { try await group.run() }
    do {
        let result = try await body()
        await group.triggerGracefulShutdown()
        try await running.value
        return result
    } catch {
        await group.triggerGracefulShutdown()
        try? await running.value
        throw error
    }
}
