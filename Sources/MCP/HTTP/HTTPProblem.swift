internal import AsyncHTTPClient
internal import HTTP
internal import NIOHTTP1
internal import NIOPosix

/// A request that was not answered, or answered with a status that says no.
struct HTTPProblem {
    let error: MCPError

    /// From what the client threw.
    ///
    /// - Parameter what: What was asked: the name of a method.
    init(_ error: any Error, _ server: String, _ what: String, _ scrubber: Scrubber) {
        if let error = error as? MCPError {
            self.error = error
            return
        }
        // Before there is a connection nothing can have been carried out.
        var code = MCPError.Code.connectionLost
        if error is NIOConnectionError || error as? HTTPClientError == .connectTimeout
            || ConnectionFailure.isAboutTLS(error)
        {
            code = .cannotStart
        }
        self.error = MCPError(
            code, scrubber.scrub("\(server) did not answer \(what): \(ConnectionFailure.description(of: error))."))
    }

    /// From a response.
    init(_ response: HTTPClientResponse, body: [UInt8], _ server: String, _ what: String, _ scrubber: Scrubber) {
        let status = Int(response.status.code)
        var message = "\(server) answered \(what) with status \(status) (\(response.status.reasonPhrase))"
        var error: MCPError
        if status == 401 || status == 403 {
            let challenge = response.headers["WWW-Authenticate"].joined(separator: ", ")
            message += status == 401 ? ": it wants a token, or another one" : ": the token does not allow that"
            if !challenge.isEmpty { message += ". It says: \(challenge.prefix(500))" }
            error = MCPError(.authentication, scrubber.scrub(message + ". Look at `token` in its configuration."))
            error.challenge = challenge.isEmpty ? nil : scrubber.scrub(challenge)
        } else {
            if let place = response.headers.first(name: "Location") {
                message += " and leads to \(place.prefix(200)), where nothing is sent"
            }
            let text = String(decoding: body.prefix(300), as: UTF8.self)
            if !text.isEmpty { message += ": \(text)" }
            error = MCPError(.status, scrubber.scrub(message))
        }
        error.status = status
        self.error = error
    }
}
