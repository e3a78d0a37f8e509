package import JSON
internal import Logging
internal import Queue
package import Worker

/// A question to people.
package struct ApprovalRequest: Sendable {
    package let id: Int64
    /// How long it waits for an answer; nil: for ever.
    package let wait: Duration?
    /// Nil: there is none yet.
    package let decision: ApprovalDecision?
}

/// What was decided, by a person, by a rule, or because the time was over.
package struct ApprovalDecision: Sendable, Codable {
    /// `approve`, `edit`, `reject`, `respond`, `again`, `fail`, or `expired`.
    package let decision: String
    /// Of a task: what was shown, or what was put in its place.
    package let value: JSONValue?
    package let response: String?
    package let by: String?
    package let at: String?
    package let isTimeout: Bool?

    enum CodingKeys: String, CodingKey {
        case decision, value, response, by, at
        case isTimeout = "timed_out"
    }
}

extension TaskContext {
    /// Waits for the answer to a request; the task leaves the worker meanwhile. Afterwards, the request has its decision.
    ///
    /// Throws `PermanentFailure` with reason `expired` when nobody has answered in time, and nothing counts then.
    package func wait(for request: ApprovalRequest) async throws {
        logger.notice("task waits for a decision", metadata: ["approval": "\(request.id)"])
        let event = try await waitForEvent(
            "approval.decided", key: "\(request.id)", name: "approval \(request.id)", timeout: request.wait)
        guard event == nil, try await ApprovalLink(self).expire(request.id).decision == "expired" else { return }
        throw PermanentFailure("nobody has decided approval \(request.id) in time", reason: "expired")
    }
}
