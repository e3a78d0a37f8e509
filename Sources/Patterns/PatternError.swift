/// Why a pattern is none, or why a search was given up.
public struct PatternError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// The text is no regular expression.
        case syntax
        case patternTooLong
        case textTooLong
        /// The search took more steps, or more time, than it may.
        case tooMuchWork
        case tooMuchMemory
        /// PCRE2 failed in a way that is no fault of the pattern.
        case other
    }

    public let code: Code
    /// How many characters of the pattern are before the mistake, for code `syntax`.
    public let offset: Int?
    /// Says what happened, to which pattern, and what to do.
    public let description: String

    init(_ code: Code, _ description: String, offset: Int? = nil) {
        self.code = code
        self.offset = offset
        self.description = description
    }
}
