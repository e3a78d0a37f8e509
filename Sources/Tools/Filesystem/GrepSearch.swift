internal import JSON
internal import Patterns
internal import Sandbox

extension FilesystemTools {
    static let grepSearch = Tool(
        "filesys.grep_search",
        description: """
            Search the text files of the working folder for a text, or a regular expression, a line at a time. Returns \
            path, line number and line of each match.
            """,
        // Searching changes nothing.
        effect: .pure, input: GrepInput.self
    ) { input, call in
        try await call.inFolder { folder, cancellation in
            let selection = try FileSelection(include: input.include ?? "**/*", exclude: input.exclude)
            var search = try LineSearch(
                input.query, isRegularExpression: input.isRegularExpression ?? false,
                ignoresCase: !(input.isCaseSensitive ?? false), most: input.maximumResults ?? 20)
            let end = try folder.walk(cancellation: cancellation, enters: selection.enters) { file in
                guard selection.has(file.path) else { return true }
                return try search.look(into: file)
            }
            return ToolResult(.string(search.report(end)))
        }
    }
}

private struct GrepInput: ToolInput {
    let query: String
    let include: String?
    let exclude: String?
    let isRegularExpression: Bool?
    let isCaseSensitive: Bool?
    let maximumResults: Int?

    enum CodingKeys: String, CodingKey {
        case query
        case include = "include_pattern"
        case exclude = "exclude_pattern"
        case isRegularExpression = "is_regexp"
        case isCaseSensitive = "case_sensitive"
        case maximumResults = "max_results"
    }

    static let schema = JSONSchema.object(
        [
            "query": .string("the text, or the regular expression, to find within a line", lengths: 1...4096),
            "include_pattern": .string("glob pattern of the files to search; all unless given"),
            "exclude_pattern": .string("glob pattern of files to leave out"),
            "is_regexp": .boolean("whether query is a regular expression; false unless given"),
            "case_sensitive": .boolean("whether capitals matter; false unless given"),
            "max_results": .integer("the most lines to return; 20 unless given", in: 1...1000),
        ], required: ["query"])
}
