extension Pattern {
    /// Where the first match stands, as offsets of bytes; nil when there is none.
    ///
    /// - Parameter steps: How many steps this search may take, lowered by those it took: several searches can share
    ///   one budget.
    ///
    /// Throws `PatternError` with code `tooMuchWork`, `tooMuchMemory` or `textTooLong`.
    public func firstMatch(
        in bytes: some Collection<UInt8>, steps: inout Int
    ) throws(PatternError) -> Range<Int>? {
        let found = bytes.withContiguousStorageIfAvailable { bytes in
            code.search(UnsafeRawBufferPointer(bytes), steps: &steps)
        }
        let result =
            found ?? Array(bytes).withUnsafeBytes { bytes in code.search(bytes, steps: &steps) }
        return try result.get()
    }

    /// The same with a budget of its own.
    public func firstMatch(in bytes: some Collection<UInt8>) throws(PatternError) -> Range<Int>? {
        var steps = Self.defaultSteps
        return try firstMatch(in: bytes, steps: &steps)
    }

    /// Where the first match stands in a text; nil when there is none. Throws as the other one.
    public func firstMatch(in text: String) throws(PatternError) -> Range<String.Index>? {
        guard let match = try firstMatch(in: text.utf8) else { return nil }
        let lower = text.utf8.index(text.startIndex, offsetBy: match.lowerBound)
        return lower..<text.utf8.index(lower, offsetBy: match.count)
    }
}
