internal import CPCRE2

/// A regular expression whose search ends: it is bounded in steps, time and memory, whatever the pattern and the text.
///
/// The syntax is that of PCRE2. Text is UTF-8; bytes that are none match nothing.
public struct Pattern: Sendable, Hashable, CustomStringConvertible {
    /// Which rules the text of a pattern follows where they differ.
    public enum Dialect: Sendable, Hashable {
        /// Perl's, with `\d`, `\w` and `\b` that know all scripts.
        case perl
        /// JavaScript's, as JSON Schema has them: `\d`, `\w` and `\b` are ASCII's, `$` is the very end, `\u0041` a
        /// character.
        case ecma
    }

    /// The longest pattern, in bytes of UTF-8.
    public static let longestPattern = 4096
    /// The longest text to search, in bytes of UTF-8.
    public static let longestText = 8 << 20
    /// How many steps a search may take, unless its caller says otherwise. A step is an item of the pattern that is
    /// tried, or a character that such an item runs over.
    public static let defaultSteps = 5_000_000

    public let text: String
    public let isCaseInsensitive: Bool
    public let dialect: Dialect
    let code: CompiledPattern

    /// Throws `PatternError` with code `syntax` that says where, or `patternTooLong`.
    public init(
        _ text: String, caseInsensitive: Bool = false, dialect: Dialect = .perl
    ) throws(PatternError) {
        self.text = text
        self.isCaseInsensitive = caseInsensitive
        self.dialect = dialect
        code = try CompiledPattern(text, caseInsensitive: caseInsensitive, dialect: dialect)
    }

    public var description: String { text }

    public static func == (left: Pattern, right: Pattern) -> Bool {
        left.text == right.text && left.isCaseInsensitive == right.isCaseInsensitive && left.dialect == right.dialect
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(isCaseInsensitive)
        hasher.combine(dialect)
    }
}
