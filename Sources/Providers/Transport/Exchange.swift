internal import Logging

/// Asks until there is an answer, as far as the retry policy goes.
struct Exchange: Sendable {
    let client: ModelClient
    let model: String

    private var settings: ProviderSettings { client.settings }

    /// - Parameter makeBody: The request, and the field that the server has just refused, if that can be left out:
    ///   nil when it cannot.
    func run<Assembler: ResponseAssembler>(
        at endpoint: String, headers: [(String, String)],
        prepare: @Sendable (_ rejected: String?) throws -> (body: [UInt8], assembler: Assembler)?,
        onEvent: @escaping @Sendable (ChatEvent) async throws -> Void
    ) async throws -> ChatResponse {
        let deadline = ContinuousClock.now + settings.timeouts.total
        guard var (body, assembler) = try prepare(nil) else { throw CancellationError() }
        var attempt = 0
        var adaptations = 0
        while true {
            let progress = Progress()
            do {
                return try await client.answer(
                    to: body, at: endpoint, headers: headers, deadline: deadline, progress: progress,
                    assembler: assembler, onEvent: onEvent)
            } catch let error as ListenerError {
                throw error.error
            } catch let fault as RequestFault {
                try Task.checkCancellation()
                if let rejected = fault.rejected, adaptations < 4, let again = try prepare(rejected) {
                    adaptations += 1
                    (body, assembler) = again
                    settings.logger.warning(
                        "the server does not take a field of the request: asking without it",
                        metadata: ["provider": "\(settings.name)", "model": "\(model)", "field": "\(rejected)"])
                    continue
                }
                let error = self.error(fault, hasOutput: progress.hasOutput)
                guard fault.isRetryable, !progress.hasOutput, attempt < settings.retry.retries,
                    let pause = pause(fault, attempt: attempt, deadline: deadline)
                else { throw error }
                attempt += 1
                settings.logger.info(
                    "asking again after a failure",
                    metadata: [
                        "provider": "\(settings.name)", "model": "\(model)", "error": "\(error)", "pause": "\(pause)",
                    ])
                try await onEvent(.retrying(after: pause, reason: error.message))
                try await client.clock.sleep(pause)
            }
        }
    }

    /// Nil when the pause would be too long to wait for here.
    private func pause(_ fault: RequestFault, attempt: Int, deadline: ContinuousClock.Instant) -> Duration? {
        let policy = settings.retry
        let backoff = min(policy.longestWait, policy.backoff(attempt: attempt, random: client.clock.random()))
        let pause = fault.retry?.delay ?? backoff
        guard pause <= policy.longestWait, .now + pause < deadline else { return nil }
        return pause
    }

    private func error(_ fault: RequestFault, hasOutput: Bool) -> ProviderError {
        // What was told cannot be taken back: whether to ask again, and pay again, is for the caller to say.
        let isInterrupted = hasOutput && fault.code.isUsuallyRetryable
        return ProviderError(
            isInterrupted ? .interrupted : fault.code,
            isInterrupted ? "the answer broke off: \(fault.message)" : fault.message,
            status: fault.status, retryAfter: fault.retry?.delay,
            isRetryable: isInterrupted || fault.isRetryable,
            requestID: fault.requestID, provider: settings.name, model: model)
    }
}
