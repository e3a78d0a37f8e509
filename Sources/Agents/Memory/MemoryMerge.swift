/// By which rule a key is written: what a write makes of what is there.
public enum MemoryMerge: String, Sendable, Codable, CaseIterable {
    /// The new value stands.
    case set
    /// The value is an array; a write adds an element.
    case append
    /// The greater of the two stands, of numbers or of texts.
    case max
    /// The value is an array without repetitions; a write adds a value, or the elements of an array.
    case union
    /// The value is a number; a write adds to it.
    case counter
}
