/// What a NOTIFY sent.
public struct PostgresNotification: Sendable, Equatable {
    public let channel: String
    /// Empty where the sender gave none.
    public let payload: String
    /// The process id of the sender's server process.
    public let processID: Int32

    public init(channel: String, payload: String, processID: Int32) {
        self.channel = channel
        self.payload = payload
        self.processID = processID
    }
}
