internal import AsyncHTTPClient
internal import Glibc
internal import HTTP
internal import NIOHTTP1
internal import Queue
internal import Worker

/// Why a request did not succeed, as what the worker understands: `TaskFailure`, `RetryAfter` or `PermanentFailure`.
struct HTTPFailure: Error {
    /// In seconds. A server that asks for more waits in vain: tasks that stay away for days are mistaken for lost ones.
    private static let longestDelay = 3600.0

    let error: any Error

    private init(_ error: any Error) {
        self.error = error
    }

    /// From what the client threw.
    init(_ error: any Error, _ arguments: HTTPArguments) {
        let request = Self.name(arguments)
        guard let known = error as? HTTPClientError else {
            self.error = TaskFailure(
                "\(request) failed: \(ConnectionFailure.description(of: error))", reason: "connection")
            return
        }
        let message = "\(request) failed: \(known.shortDescription.lowercased())"
        self.error =
            switch known {
            case .redirectLimitReached, .redirectCycleDetected:
                PermanentFailure(message, reason: "redirect")
            case .invalidURL, .emptyHost, .emptyScheme, .bodyLengthMismatch:
                PermanentFailure(message, reason: "arguments")
            default:
                // Some of these hold values, and so cannot be named in a pattern.
                if ["Unsupported scheme", "Invalid header field names", "Invalid header field values"]
                    .contains(known.shortDescription)
                {
                    PermanentFailure("\(message): \(known)", reason: "arguments")
                } else {
                    TaskFailure(message, reason: "connection")
                }
            }
    }

    static func timeout(_ arguments: HTTPArguments) -> HTTPFailure {
        HTTPFailure(
            TaskFailure("\(name(arguments)) was not answered in full within \(arguments.timeout)", reason: "timeout"))
    }

    static func tooLong(_ arguments: HTTPArguments, limit: Int) -> HTTPFailure {
        HTTPFailure(
            PermanentFailure(
                "\(name(arguments)) was answered with more than \(limit) bytes", reason: "output_limit",
                detail: ["limit": .integer(Int64(limit))]))
    }

    /// A status that is no success, by the policy of the task.
    static func status(_ response: HTTPClientResponse, body: String, _ arguments: HTTPArguments) -> HTTPFailure {
        let code = Int(response.status.code)
        let message = "\(name(arguments)) was answered with status \(code) (\(response.status.reasonPhrase))"
        let detail: JSONValue = ["status": .integer(Int64(code)), "body": .string(body)]
        guard arguments.retry.contains(code) else {
            return HTTPFailure(PermanentFailure(message, reason: "status", detail: detail))
        }
        let seconds = response.headers.first(name: "Retry-After").flatMap {
            RetryAfterHeader.seconds($0, date: response.headers.first(name: "Date"), now: time(nil))
        }
        guard let seconds else {
            // Without the server's advice, the task's own backoff.
            return HTTPFailure(TaskFailure(message, reason: "status", detail: detail))
        }
        let delay = Duration.seconds(min(max(0, seconds), Self.longestDelay))
        return HTTPFailure(RetryAfter(delay, message, reason: "status", detail: detail))
    }

    private static func name(_ arguments: HTTPArguments) -> String {
        // Without the query, which may hold a key.
        "\(arguments.method.rawValue) \(arguments.url.prefix { $0 != "?" && $0 != "#" })"
    }
}
