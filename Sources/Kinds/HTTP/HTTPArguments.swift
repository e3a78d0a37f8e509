internal import FoundationEssentials
internal import JSON
internal import Postgres
internal import Queue

/// The arguments of an `http` task.
struct HTTPArguments: Sendable {
    enum Method: String, CaseIterable, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
        case options = "OPTIONS"
    }

    struct Body: Sendable {
        let bytes: [UInt8]
        let type: String
    }

    let method: Method
    let url: String
    let headers: [String: String]
    let body: Body?
    /// For the whole request, redirects and the body of the response included.
    let timeout: Duration
    let success: StatusSet
    let retry: StatusSet
    /// At most so many bytes of the response's body.
    let maximumResponse: Int

    init(_ json: [UInt8]) throws {
        let arguments = try JSONFields(
            arguments: json, kind: "http",
            known: ["method", "url", "headers", "body", "timeout", "success", "retry", "max_response"])
        method = try arguments.word("method") ?? .get
        url = try Self.url(in: arguments)
        headers = try arguments.dictionary("headers") ?? [:]
        body = try arguments.value("body").map { value in
            switch value {
            case .string(let text): Body(bytes: Array(text.utf8), type: "text/plain; charset=utf-8")
            default: Body(bytes: try JSONCoding.encode(value).bytes, type: "application/json")
            }
        }
        timeout = .seconds(try arguments.number("timeout", in: 0.001...86_400) ?? 60)
        success = try Self.statuses("success", in: arguments) ?? .success
        retry = try Self.statuses("retry", in: arguments) ?? .retry
        maximumResponse = try arguments.integer("max_response", in: 1...outputCeiling) ?? outputLimit
    }

    private static func url(in arguments: JSONFields) throws -> String {
        guard let text = try arguments.string("url") else { throw arguments.mistake("url", "is missing") }
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased() else {
            throw arguments.mistake("url", "must be like https://example.com/path, not \"\(text)\"")
        }
        guard scheme == "http" || scheme == "https" else {
            throw arguments.mistake("url", "must begin with http:// or https://, not \(scheme):")
        }
        guard let host = url.host(), !host.isEmpty else {
            throw arguments.mistake("url", "names no host: \"\(text)\"")
        }
        guard url.user == nil, url.password == nil else {
            throw arguments.mistake("url", "must not hold a user or password; send a header Authorization")
        }
        return text
    }

    private static func statuses(_ field: String, in arguments: JSONFields) throws -> StatusSet? {
        guard let elements = try arguments.array(field) else { return nil }
        guard let set = StatusSet(elements) else {
            throw arguments.mistake(field, "must hold status codes from 100 to 599, or classes such as \"2xx\"")
        }
        return set
    }
}
