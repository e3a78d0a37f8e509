internal import JSON

/// A JSON-RPC error.
struct RPCFailure: Error, Sendable, Hashable {
    let code: Int
    let message: String
    let data: JSONValue?

    static let methodNotFound = -32601
    static let invalidParameters = -32602
    static let headerMismatch = -32020
    static let missingCapability = -32021
    static let unsupportedVersion = -32022

    init(code: Int, message: String, data: JSONValue? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    /// Servers have sent errors without a message; without a code it is none.
    init?(_ value: JSONValue?) {
        guard case .integer(let code)? = value?["code"] else { return nil }
        self.init(code: Int(code), message: value?["message"]?.string ?? "", data: value?["data"])
    }

    /// The codes that only servers of the modern era use.
    var isModern: Bool { [Self.headerMismatch, Self.missingCapability, Self.unsupportedVersion].contains(code) }

    /// The revisions that the server speaks, when that is what the error is about.
    var supportedRevisions: [String]? {
        guard code == Self.unsupportedVersion, case .array(let revisions)? = data?["supported"] else { return nil }
        return revisions.compactMap(\.string)
    }
}
