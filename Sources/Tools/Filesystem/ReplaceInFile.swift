internal import JSON
internal import Sandbox

extension FilesystemTools {
    static let replaceInFile = Tool(
        "filesys.replace_in_file",
        description: """
            Replace a text in a file of the working folder. The text must stand there exactly once, as it is given, \
            unless `all` is set; give enough of what is around it.
            """,
        // The new text may hold the old one, which a second run would replace again.
        effect: .once, input: ReplaceInput.self,
        verify: { input, call in
            let state = try await ToolCall.telling {
                try await BlockingWork.run { _ in try input.state(in: call.context.jail()) }
            }
            return state
        }
    ) { input, call in
        try await call.inFolder { folder, _ in
            var count = 0
            try folder.edit(input.filePath, limit: fileLimit) { bytes in
                let (new, matches) = try input.replaced(in: bytes)
                count = matches
                return new
            }
            return ToolResult(.string("replaced \(counted(count, "place")) in \(input.filePath)"))
        }
    }
}

private struct ReplaceInput: ToolInput {
    let filePath: String
    let oldText: String
    let newText: String
    let all: Bool?
    let count: Int?

    enum CodingKeys: String, CodingKey {
        case filePath = "file_path"
        case oldText = "old_text"
        case newText = "new_text"
        case all, count
    }

    static let schema = JSONSchema.object(
        [
            "file_path": .string("path of the file, relative to the working folder"),
            "old_text": .string("the text to replace, with its white space", lengths: 1...1_000_000),
            "new_text": .string("what to put there instead"),
            "all": .boolean("whether to replace it wherever it stands; false unless given"),
            "count": .integer(
                "how many times it must stand there, all of which are replaced; -1: any", in: -1...100_000),
        ], required: ["file_path", "old_text", "new_text"])

    /// The new contents, and how many places are different. Throws `ToolError` when there are not as many as wanted.
    func replaced(in bytes: [UInt8]) throws -> ([UInt8], Int) {
        let matches = matches(in: bytes)
        guard !matches.isEmpty else {
            throw ToolError(
                "\"\(filePath)\" does not hold old_text; read the file, and give the text as it stands there")
        }
        if let count, count >= 0, all != true {
            guard matches.count == count else {
                throw ToolError(
                    "old_text stands \(matches.count) times in \"\(filePath)\", not \(count); nothing was done")
            }
        } else if all != true, count == nil, matches.count > 1 {
            throw ToolError(
                "old_text stands \(matches.count) times in \"\(filePath)\"; give more of what is around the one that is "
                    + "meant, or set all; nothing was done")
        }
        var result: [UInt8] = []
        var end = 0
        for match in matches {
            result += bytes[end..<match] + Array(newText.utf8)
            end = match + oldText.utf8.count
        }
        result += bytes[end...]
        guard result.count <= FilesystemTools.fileLimit else {
            throw ToolError(
                "\"\(filePath)\" would have \(result.count) bytes; \(FilesystemTools.fileLimit) are the most")
        }
        return (result, matches.count)
    }

    /// Whether it has been done, as far as the file tells.
    func state(in folder: Jail) throws -> ToolVerification {
        let bytes = try folder.read(filePath, limit: FilesystemTools.fileLimit)
        let isOldThere = !matches(in: bytes).isEmpty
        let isNewThere = newText.isEmpty || !ByteSearch(newText).places(in: bytes, atMost: 1).isEmpty
        if !isOldThere, isNewThere { return .happened(ToolResult(.string("replaced in \(filePath)"))) }
        return isOldThere && !isNewThere ? .didNotHappen : .unknown
    }

    private func matches(in bytes: [UInt8]) -> [Int] { ByteSearch(oldText).places(in: bytes) }
}
