internal import JSON

/// A request to a server.
struct RPCRequest: Sendable {
    let id: Int64
    let method: String
    let params: [String: JSONValue]
    /// HTTP headers that repeat some of the arguments.
    var headers: [(name: String, value: String)] = []

    var bytes: [UInt8] {
        let message: JSONValue = [
            "jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": .object(params),
        ]
        return message.bytes
    }

    /// A handshake cannot be cancelled.
    var isCancellable: Bool { method != "initialize" }

    /// What tells the server that nobody waits for the answer any more.
    var cancellation: [UInt8] {
        RPCNotification(
            method: "notifications/cancelled",
            params: ["requestId": .integer(id), "reason": "the caller does not wait any longer"]
        ).bytes
    }
}

/// A message to a server that is not answered.
struct RPCNotification: Sendable {
    let method: String
    var params: [String: JSONValue] = [:]

    var bytes: [UInt8] {
        let message: JSONValue = ["jsonrpc": "2.0", "method": .string(method), "params": .object(params)]
        return message.bytes
    }
}

/// The answers to requests of servers: all that is done for them is to say that we are here.
enum RPCAnswer {
    static func bytes(to id: JSONValue, method: String) -> [UInt8] {
        var answer: [String: JSONValue] = ["jsonrpc": "2.0", "id": id]
        if method == "ping" {
            answer["result"] = [:]
        } else {
            answer["error"] = [
                "code": .integer(Int64(RPCFailure.methodNotFound)), "message": .string("no method \(method) here"),
            ]
        }
        return JSONValue.object(answer).bytes
    }
}
