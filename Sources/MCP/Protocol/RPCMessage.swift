internal import JSON

/// A message of JSON-RPC 2.0, as servers send it.
enum RPCMessage: Sendable, Hashable {
    /// The id is nil when it is none of ours, or when the server could not read it.
    case response(id: Int64?, Reply)
    case request(id: JSONValue, method: String, params: JSONValue)
    case notification(method: String, params: JSONValue)

    enum Reply: Sendable, Hashable {
        case result(JSONValue)
        case failure(RPCFailure)

        func get() throws(RPCFailure) -> JSONValue {
            switch self {
            case .result(let result): return result
            case .failure(let failure): throw failure
            }
        }
    }

    /// The messages in a JSON text: one, or those of a batch; none in what is no JSON-RPC.
    static func parse(_ bytes: some Sequence<UInt8>) -> [RPCMessage] {
        guard let value = try? JSONValue(parsing: bytes) else { return [] }
        if case .array(let values) = value { return values.compactMap { RPCMessage($0) } }
        return RPCMessage(value).map { [$0] } ?? []
    }

    init?(_ value: JSONValue) {
        if let method = value["method"]?.string {
            let params = value["params"] ?? [:]
            switch value["id"] {
            case nil: self = .notification(method: method, params: params)
            case let id?: self = .request(id: id, method: method, params: params)
            }
        } else if let failure = RPCFailure(value["error"]) {
            self = .response(id: Self.id(value["id"]), .failure(failure))
        } else if let result = value["result"], value["id"] != nil {
            self = .response(id: Self.id(value["id"]), .result(result))
        } else {
            return nil
        }
    }

    /// All ids that we give are whole numbers; there are servers that turn them into strings or fractions.
    private static func id(_ value: JSONValue?) -> Int64? {
        switch value {
        case .integer(let id): id
        case .number(let id): Int64(exactly: id)
        case .string(let id): Int64(id)
        default: nil
        }
    }
}
