import TestSupport

extension Scratch {
    /// The contents of a file with single spaces between its words; nil as long as there is none, or nothing in it.
    func read(_ name: String) -> String? {
        let words = (text(name) ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.isEmpty ? nil : words
    }
}
