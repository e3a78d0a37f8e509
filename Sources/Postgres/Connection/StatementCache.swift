/// The statements that are prepared on one connection, the least recently used one leaving first.
struct StatementCache {
    struct Key: Hashable {
        let sql: String
        /// The same text with other parameter types is another statement.
        let types: [UInt32]
    }

    private struct Entry {
        let name: String
        var lastUse: Int
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var clock = 0
    private var named = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    mutating func name(of key: Key) -> String? {
        guard let index = entries.index(forKey: key) else { return nil }
        clock += 1
        entries.values[index].lastUse = clock
        return entries.values[index].name
    }

    /// A name that no statement of this connection ever had.
    mutating func newName() -> String {
        named += 1
        return "agentcorp_\(named)"
    }

    /// Remembers a prepared statement; returns the name of the one that had to go, to be deallocated.
    mutating func insert(_ key: Key, name: String) -> String? {
        clock += 1
        var evicted: String?
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            evicted = entries.removeValue(forKey: oldest.key)?.name
        }
        entries[key] = Entry(name: name, lastUse: clock)
        return evicted
    }

    mutating func remove(_ key: Key) {
        entries[key] = nil
    }
}
