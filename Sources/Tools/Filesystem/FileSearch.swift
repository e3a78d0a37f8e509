internal import JSON
internal import Sandbox

extension FilesystemTools {
    static let fileSearch = Tool(
        "filesys.file_search",
        description: """
            Find files in the working folder by a glob pattern, such as **/*.{js,ts}, src/** or README*. A pattern \
            without a slash is one for names in any folder. Returns paths only.
            """,
        // Searching changes nothing.
        effect: .pure, input: FileSearchInput.self
    ) { input, call in
        try await call.inFolder { folder, cancellation in
            let selection = try FileSelection(include: input.query, exclude: input.exclude)
            let most = input.maximumResults ?? 20
            var found: [String] = []
            var isMore = false
            let end = try folder.walk(cancellation: cancellation, enters: selection.enters) { file in
                guard selection.has(file.path) else { return true }
                isMore = found.count == most
                if !isMore { found.append(file.path) }
                return !isMore
            }
            let note = isMore ? "the first \(most) files; there are more" : FileSelection.note(on: end)
            let heading = found.isEmpty ? "no file matches \"\(input.query)\"" : counted(found.count, "file")
            return ToolResult(
                .string(([note.map { "\(heading) (\($0))" } ?? heading] + found).joined(separator: "\n")))
        }
    }
}

private struct FileSearchInput: ToolInput {
    let query: String
    let exclude: String?
    let maximumResults: Int?

    enum CodingKeys: String, CodingKey {
        case query
        case exclude = "exclude_pattern"
        case maximumResults = "max_results"
    }

    static let schema = JSONSchema.object(
        [
            "query": .string("glob pattern of the paths to find"),
            "exclude_pattern": .string("glob pattern of paths to leave out"),
            "max_results": .integer("the most files to return; 20 unless given", in: 1...1000),
        ], required: ["query"])
}
