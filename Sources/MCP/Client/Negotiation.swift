internal import JSON

/// Finds out which revision of the protocol a server speaks.
///
/// It is asked in the modern way. Only an answer that a modern server alone can give makes it one; whatever else
/// comes, also nothing, is followed by the handshake of the legacy era.
struct Negotiation {
    struct Outcome: Sendable {
        let revision: Revision
        let info: MCPServerInfo
        let capabilities: JSONValue
    }

    let transport: any Transport
    let server: String
    /// How long the question may stay unanswered: there are servers that ignore what they do not know.
    let patience: Duration
    /// What is left for all of it.
    let limit: Duration
    let time: Timekeeper
    let nextID: @Sendable () -> Int64

    func run() async throws -> Outcome {
        let whole = Deadline(silence: limit, total: limit, time: time)
        return try await whole.run {
            if let outcome = try await probe() { return outcome }
            return try await handshake()
        } late: { passed in
            MCPError(
                .cannotStart,
                "\(server) was not ready within \(passed.formattedSeconds). Look at its program, or allow more with start_timeout."
            )
        }
    }

    /// Only the handshake: for a server that did not survive the question.
    func runLegacy() async throws -> Outcome {
        try await Deadline(silence: limit, total: limit, time: time).run {
            try await handshake()
        } late: { passed in
            MCPError(.cannotStart, "\(server) was not ready within \(passed.formattedSeconds).")
        }
    }

    /// Nil: it is a server of the legacy era.
    private func probe() async throws -> Outcome? {
        struct Silence: Error {}
        let answer: JSONValue
        do {
            let question = request("server/discover", RequestMeta.modern([:]))
            answer = try await Deadline(silence: patience, total: patience, time: time).run {
                try await transport.send(question)
            } late: { _ in
                Silence()
            }
        } catch let failure as RPCFailure {
            if let supported = failure.supportedRevisions, !Self.isLegacy(supported) {
                throw unsupported(supported)
            }
            return nil
        } catch is Silence {
            return nil
        } catch let error as MCPError where error.code == .status && (400..<500).contains(error.status ?? 0) {
            return nil
        } catch let error as MCPError where error.code == .protocolViolation {
            return nil
        }
        return try modern(answer)
    }

    private func modern(_ answer: JSONValue) throws -> Outcome? {
        guard case .array(let values)? = answer["supportedVersions"] else { return nil }
        let supported = values.compactMap(\.string)
        guard supported.contains(Revision.modern.description) else {
            if Self.isLegacy(supported) { return nil }
            throw unsupported(supported)
        }
        transport.use(.modern)
        let info = answer["_meta"]?["io.modelcontextprotocol/serverInfo"] ?? answer["serverInfo"]
        return outcome(.modern, info: info, answer)
    }

    private func handshake() async throws -> Outcome {
        let answer: JSONValue
        do {
            answer = try await transport.send(
                request(
                    "initialize",
                    [
                        "protocolVersion": .string(Revision.legacy[0].description), "capabilities": [:],
                        "clientInfo": RequestMeta.clientInfo,
                    ]))
        } catch let failure as RPCFailure {
            // It had only been slow to answer the question, and by now takes us for a client of the modern era.
            if failure.supportedRevisions?.contains(Revision.modern.description) == true {
                let question = request("server/discover", RequestMeta.modern([:]))
                if let outcome = try modern(try await transport.send(question)) { return outcome }
            }
            throw failure
        }
        let spoken = answer["protocolVersion"]?.string ?? ""
        guard let revision = Revision.legacy.first(where: { $0.description == spoken }) else {
            throw unsupported([spoken])
        }
        transport.use(revision)
        try await transport.notify(RPCNotification(method: "notifications/initialized"))
        return outcome(revision, info: answer["serverInfo"], answer)
    }

    private func request(_ method: String, _ params: [String: JSONValue]) -> RPCRequest {
        RPCRequest(id: nextID(), method: method, params: params)
    }

    private func outcome(_ revision: Revision, info: JSONValue?, _ answer: JSONValue) -> Outcome {
        Outcome(
            revision: revision,
            info: MCPServerInfo(
                name: info?["name"]?.string, version: info?["version"]?.string, revision: revision.description,
                instructions: answer["instructions"]?.string),
            capabilities: answer["capabilities"] ?? [:])
    }

    private func unsupported(_ revisions: [String]) -> MCPError {
        MCPError(
            .unsupportedVersion,
            "\(server) speaks \(revisions.isEmpty ? "no revision" : revisions.joined(separator: ", ")) of MCP; known here are \(Revision.modern) and \(Revision.legacy.map(\.description).joined(separator: ", "))."
        )
    }

    private static func isLegacy(_ supported: [String]) -> Bool {
        Revision.legacy.contains { supported.contains($0.description) }
    }
}

extension Duration {
    /// For messages: `1.5 s`.
    var formattedSeconds: String {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        let rest = milliseconds % 1000 / 100
        return rest == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds / 1000).\(rest) s"
    }
}
