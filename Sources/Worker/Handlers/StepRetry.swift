internal import Queue

/// How often a step is tried again within one attempt of its task. The waiting time doubles with each failure.
public struct StepRetry: Sendable {
    /// How often the step is tried, at least once.
    public var attempts: Int
    /// How long to wait after the first failure.
    public var delay: Duration
    /// The longest time to wait.
    public var maximumDelay: Duration

    public init(attempts: Int, delay: Duration = .seconds(1), maximumDelay: Duration = .seconds(60)) {
        self.attempts = attempts
        self.delay = delay
        self.maximumDelay = maximumDelay
    }

    /// A failed step fails the attempt.
    public static let none = StepRetry(attempts: 1)

    /// What says itself what is to follow, and what ends the attempt anyway, is not tried again.
    private static func isFinal(_ error: any Error) -> Bool {
        switch error {
        case is CancellationError, is PermanentFailure, is RetryAfter, is TaskSuspension: true
        case let error as QueueError: error.code == .leaseLost || error.code == .missingKey
        default: false
        }
    }

    func run<Value>(_ body: () async throws -> Value) async throws -> Value {
        var left = attempts
        var pause = delay
        while true {
            do {
                return try await body()
            } catch  where left > 1 && !Self.isFinal(error) {
                left -= 1
                try await Task.sleep(for: pause)
                pause = min(pause * 2, maximumDelay)
            }
        }
    }
}
