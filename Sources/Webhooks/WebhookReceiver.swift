internal import Crypto
internal import JSON
internal import Logging
internal import NIOHTTP1
internal import Postgres
internal import Providers
internal import Queue

/// Turns requests into runs.
struct WebhookReceiver: Sendable {
    let link: WebhookLink
    let directory: WebhookDirectory
    let tolerance: Duration
    let logger: Logger
    let secret: @Sendable (_ variable: String) -> Secret?
    /// In seconds since 1970.
    let now: @Sendable () -> Int64

    /// Headers in which senders number what they send.
    private static let deliveryHeaders = ["idempotency-key", "x-github-delivery", "x-delivery-id", "webhook-id"]
    private static let attempts = 3

    func answer(_ request: WebhookRequest) async -> WebhookAnswer {
        var logger = logger
        logger[metadataKey: "webhook"] = "\(request.name)"
        do {
            guard let entry = try await directory.entry(request.name) else { return .notFound }
            guard let secret = secret(entry.secretVariable) else {
                logger.error("the secret is not set", metadata: ["variable": "\(entry.secretVariable)"])
                return .unavailable
            }
            guard let signature = WebhookSignature(of: request), signature.isValid(for: request.body, secret) else {
                logger.info("refused: the signature is missing or wrong")
                return .refused(.unauthorized, "the signature is missing or wrong")
            }
            guard signature.isRecent(at: now(), within: tolerance) else {
                logger.info("refused: the time of the signature is too far away")
                return .refused(.unauthorized, "the time of the signature is too far away")
            }
            guard !entry.isPaused else { return .unavailable }
            return try await start(request, signature, logger)
        } catch let error as QueueError where error.code == .tooLarge {
            return .tooLarge
        } catch let error as QueueError where error.code == .unknownTask {
            return .notFound
        } catch {
            logger.warning("could not start the run", metadata: ["error": "\(error)"])
            return .unavailable
        }
    }

    private func start(
        _ request: WebhookRequest, _ signature: WebhookSignature, _ logger: Logger
    ) async throws -> WebhookAnswer {
        guard let body = body(of: request) else {
            return .refused(.badRequest, "the body is not what its content type says")
        }
        let delivery = Self.deliveryHeaders.lazy.compactMap { request.header($0) }.first
        if let delivery, !(1...500).contains(delivery.utf8.count) || delivery.utf8.contains(0) {
            return .refused(.badRequest, "the id of the delivery is empty or over 500 bytes")
        }
        let key = delivery.map { "id \($0)" } ?? "body \(SHA256.hash(data: request.body).hex)"
        for attempt in 1... {
            do {
                let started = try await link.start(
                    request.name, delivery: key, body: body, proof: signature.proof(for: request.body))
                logger.info("received", metadata: ["run": "\(started.run)", "new": "\(started.isNew)"])
                return .started(run: started.run, isNew: started.isNew)
            } catch let error as PostgresError where error.sqlState == "40001" && attempt < Self.attempts {
                continue
            } catch let error as PostgresError where error.sqlState?.hasPrefix("22") == true {
                return .refused(.badRequest, "the body is no JSON that can be stored")
            }
        }
        return .unavailable
    }

    /// JSON as it is; everything else as a string.
    private func body(of request: WebhookRequest) -> PostgresJSON? {
        guard !request.body.contains(0) else { return nil }
        if request.isJSON { return request.body.isEmpty ? nil : PostgresJSON(request.body) }
        guard let text = String(validating: request.body, as: UTF8.self) else { return nil }
        return PostgresJSON(JSONValue.string(text).bytes)
    }
}
