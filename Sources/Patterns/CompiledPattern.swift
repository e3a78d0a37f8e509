internal import CPCRE2

/// A pattern as PCRE2 holds it. It never changes once it is made, so that many threads may search with it.
final class CompiledPattern: Sendable {
    private nonisolated(unsafe) let code: OpaquePointer
    private let text: String

    private static let heapLimit: UInt32 = 64 << 10  // KiB
    private static let nestingLimit: UInt32 = 100

    init(_ text: String, caseInsensitive: Bool, dialect: Pattern.Dialect) throws(PatternError) {
        guard text.utf8.count <= Pattern.longestPattern else {
            throw PatternError(
                .patternTooLong,
                "the pattern has \(text.utf8.count) bytes, \(Pattern.longestPattern) are allowed: make it shorter")
        }
        // Callouts before every item are where a search counts what it does.
        var options = UInt32(PCRE2_UTF) | UInt32(PCRE2_MATCH_INVALID_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        options |= UInt32(PCRE2_AUTO_CALLOUT)
        if caseInsensitive { options |= UInt32(PCRE2_CASELESS) }
        let context = pcre2_compile_context_create_8(nil)
        defer { pcre2_compile_context_free_8(context) }
        pcre2_set_parens_nest_limit_8(context, Self.nestingLimit)
        switch dialect {
        case .perl:
            options |= UInt32(PCRE2_UCP)
        case .ecma:
            options |= UInt32(PCRE2_DOLLAR_ENDONLY) | UInt32(PCRE2_ALT_BSUX) | UInt32(PCRE2_MATCH_UNSET_BACKREF)
            pcre2_set_compile_extra_options_8(context, UInt32(PCRE2_EXTRA_ALT_BSUX))
        }
        var error: Int32 = 0
        var offset = 0
        let bytes = Array(text.utf8)
        guard let code = pcre2_compile_8(bytes, bytes.count, options, &error, &offset, context) else {
            throw Self.syntax(error, offset, text)
        }
        self.code = code
        self.text = text
    }

    deinit { pcre2_code_free_8(code) }

    func search(
        _ bytes: UnsafeRawBufferPointer, steps: inout Int
    ) -> Result<Range<Int>?, PatternError> {
        guard bytes.count <= Pattern.longestText else {
            return .failure(
                PatternError(
                    .textTooLong,
                    "a text of \(bytes.count) bytes is too long to search, \(Pattern.longestText) are allowed: "
                        + "search its parts"))
        }
        guard let match = pcre2_match_data_create_8(1, nil), let context = pcre2_match_context_create_8(nil) else {
            return .failure(PatternError(.tooMuchMemory, "there is no memory to search with"))
        }
        defer {
            pcre2_match_data_free_8(match)
            pcre2_match_context_free_8(context)
        }
        pcre2_set_heap_limit_8(context, Self.heapLimit)
        pcre2_set_match_limit_8(context, UInt32(clamping: max(1, steps)))
        var work = SearchWork(steps: steps)
        let status = withUnsafeMutablePointer(to: &work) { work in
            pcre2_set_callout_8(context, { SearchWork.spend($0, $1) }, work)
            // An empty buffer may have no address, and PCRE2 wants one.
            return bytes.withMemoryRebound(to: UInt8.self) { bytes in
                bytes.baseAddress.map { pcre2_match_8(code, $0, bytes.count, 0, 0, match, context) }
                    ?? pcre2_match_8(code, [0], 0, 0, 0, match, context)
            }
        }
        steps = max(0, work.steps)
        guard status >= 0, let ends = pcre2_get_ovector_pointer_8(match) else {
            return status == PCRE2_ERROR_NOMATCH ? .success(nil) : .failure(failure(status))
        }
        // \K inside a lookahead can put the beginning behind the end.
        return .success(min(ends[0], ends[1])..<ends[1])
    }

    private func failure(_ status: Int32) -> PatternError {
        switch status {
        case PCRE2_ERROR_CALLOUT, PCRE2_ERROR_MATCHLIMIT:
            PatternError(
                .tooMuchWork,
                "the pattern \(excerpt) takes too much work on this text: avoid nested repeats such as (a+)+, begin "
                    + "it with something literal, or search a shorter text")
        case PCRE2_ERROR_HEAPLIMIT, PCRE2_ERROR_DEPTHLIMIT, PCRE2_ERROR_NOMEMORY, PCRE2_ERROR_RECURSELOOP:
            PatternError(
                .tooMuchMemory,
                "the pattern \(excerpt) takes too much memory on this text: repeat single characters rather than "
                    + "groups, [ab]* in place of (a|b)*, or search a shorter text")
        default:
            PatternError(.other, "the search for \(excerpt) failed: \(Self.message(status))")
        }
    }

    private var excerpt: String { text.count > 80 ? "\"\(text.prefix(80))...\"" : "\"\(text)\"" }

    private static func syntax(_ error: Int32, _ offset: Int, _ text: String) -> PatternError {
        let before = String(decoding: text.utf8.prefix(offset), as: UTF8.self)
        let place = before.count >= text.count ? "at its end" : "after \"\(before.suffix(40))\""
        return PatternError(
            .syntax, "the pattern is no regular expression: \(place), \(message(error))", offset: before.count)
    }

    private static func message(_ error: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = pcre2_get_error_message_8(error, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(Int(count)), as: UTF8.self) : "error \(error)"
    }
}
