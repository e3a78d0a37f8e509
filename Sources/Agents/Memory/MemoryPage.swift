/// What was written since a position.
struct MemoryPage: Decodable {
    /// Where to go on.
    let reached: String
    let changes: [MemoryChange]
}
