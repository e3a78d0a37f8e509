internal import HTTP
internal import JSON

/// Makes a whole answer out of its pieces, without any input or output of its own.
protocol ResponseAssembler: Sendable {
    /// Whether all of the answer is there that makes it one.
    var isComplete: Bool { get }
    /// Whether the server has said that nothing more comes.
    var isOver: Bool { get }
    /// What the events told so far. Throws `StreamFault`.
    mutating func receive(_ event: ServerSentEvent) throws -> [ChatEvent]
    /// An answer in one piece, of servers that do not stream. Throws `StreamFault`.
    mutating func receive(whole: JSONValue) throws -> [ChatEvent]
    /// What has come, as an answer.
    func response() throws -> ChatResponse
}

/// What is wrong with a stream.
enum StreamFault: Error {
    /// The server says so.
    case failed(ErrorBody)
    /// It is none that can be understood.
    case malformed(String)
}
