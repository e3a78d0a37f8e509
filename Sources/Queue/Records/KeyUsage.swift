/// How many payloads are encrypted with a key.
public struct KeyUsage: Sendable, Codable, Hashable {
    /// The id of the key.
    public let key: String
    public let args: Int
    public let outputs: Int
    public let steps: Int
    /// Arguments that schedules give to their tasks.
    public let schedules: Int

    public var total: Int { args + outputs + steps + schedules }
}
