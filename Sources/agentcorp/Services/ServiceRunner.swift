import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// Runs services until a signal ends them.
struct ServiceRunner: Sendable {
    let logger: Logger
    /// How long the services may take to stop after the first signal.
    let grace: Duration

    /// Beyond their grace, services get this long to write what they must.
    private static let margin: Duration = .seconds(10)

    /// Runs the services; the last one is stopped first.
    ///
    /// The first SIGINT or SIGTERM stops them gracefully, the second leaves at once: handlers are cancelled and their
    /// tasks given back if that takes no more than a second.
    func run(_ services: [any Service]) async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0) }, logger: .silent))
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        // A handler whose program stops reading must not end this process.
        Glibc.signal(SIGPIPE, SIG_IGN)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask { await obey(signals, group) }
            // Whichever ends first: with the second signal that is `obey`, and the services are cancelled.
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    private func obey(_ signals: UnixSignalsSequence, _ group: ServiceGroup) async {
        var isStopping = false
        for await signal in signals {
            let status: Int32 = signal == .sigterm ? 143 : ExitStatus.interrupted.rawValue
            if isStopping {
                logger.warning("leaving at once")
                return leave(after: .seconds(1), status)
            }
            isStopping = true
            logger.info("stopping; another signal leaves at once", metadata: ["grace": "\(TimeText.duration(grace))"])
            await group.triggerGracefulShutdown()
            leave(after: grace + Self.margin, status)
        }
    }

    /// Ends the process in any case: a handler that ignores its cancellation must not keep it.
    private func leave(after delay: Duration, _ status: Int32) {
        Task.detached {
            try? await Task.sleep(for: delay)
            _exit(status)
        }
    }
}
