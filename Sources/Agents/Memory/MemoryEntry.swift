public import FoundationEssentials
public import JSON

/// A key of a memory with its present value.
public struct MemoryEntry: Sendable, Codable {
    public let scope: Memory.Scope
    /// The root of the run, the agent, the user; empty for global.
    public let owner: String
    public let key: String
    /// Grows with each write.
    public let version: Int
    public let merge: MemoryMerge
    /// Nil where a list leaves a large value out.
    public let value: JSONValue?
    /// How much the value takes.
    public let bytes: Int
    /// The task that wrote it last; nil: none.
    public let author: Int64?
    /// Its writer had read something from outside: nothing in it is to be trusted.
    public let isTainted: Bool
    public let writtenAt: Date

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        scope = try container.decode(Memory.Scope.self, forKey: .scope)
        owner = try container.decode(String.self, forKey: .owner)
        key = try container.decode(String.self, forKey: .key)
        version = try container.decode(Int.self, forKey: .version)
        merge = try container.decode(MemoryMerge.self, forKey: .merge)
        // What is null is a value too.
        value = container.contains(.value) ? try container.decode(JSONValue.self, forKey: .value) : nil
        bytes = try container.decode(Int.self, forKey: .bytes)
        author = try container.decodeIfPresent(Int64.self, forKey: .author)
        isTainted = try container.decode(Bool.self, forKey: .isTainted)
        writtenAt = try container.decode(Date.self, forKey: .writtenAt)
    }

    enum CodingKeys: String, CodingKey {
        case scope, owner, key, version, merge, value, bytes, author
        case isTainted = "tainted"
        case writtenAt = "written_at"
    }
}
