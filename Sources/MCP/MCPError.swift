public import JSON

/// Why a server could not be talked to, or what it refused.
public struct MCPError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// A configuration that cannot be right, or a key that cannot be read.
        case configuration
        /// The server's program does not start, or its address does not answer.
        case cannotStart
        /// The connection ended while requests were on their way: nobody knows whether they were carried out.
        case connectionLost
        /// Not answered in time; the server was told that nobody waits any more.
        case timeout
        /// The server answered with a JSON-RPC error: see `rpcCode`.
        case refused
        /// It wants other credentials: see `challenge`.
        case authentication
        /// A status that says no, without a JSON-RPC error: see `status`.
        case status
        /// It does not keep to the protocol.
        case protocolViolation
        /// A message above the configured size.
        case tooLarge
        /// It speaks no revision that is known here.
        case unsupportedVersion
        /// The client was closed.
        case closed
    }

    public let code: Code
    /// What happened, at which server, and what to do.
    public let message: String
    /// The code of a JSON-RPC error.
    public var rpcCode: Int?
    /// What the server added to it.
    public var data: JSONValue?
    /// The status of an HTTP response.
    public var status: Int?
    /// The header `WWW-Authenticate` of a response with status 401.
    public var challenge: String?

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// The same with a sentence more.
    public func adding(_ sentence: String) -> MCPError {
        var error = MCPError(code, "\(message) \(sentence)")
        (error.rpcCode, error.data, error.status, error.challenge) = (rpcCode, data, status, challenge)
        return error
    }

    /// Whether the server may have carried out the request: the effect of a tool decides whether it may run again.
    public var mayHaveRun: Bool {
        switch code {
        case .connectionLost, .timeout, .protocolViolation, .tooLarge: true
        case .status: (status ?? 500) >= 500
        case .configuration, .cannotStart, .refused, .authentication, .unsupportedVersion, .closed: false
        }
    }
}
