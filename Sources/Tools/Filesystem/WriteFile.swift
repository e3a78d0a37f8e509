internal import JSON
internal import Sandbox

extension FilesystemTools {
    static let writeFile = Tool(
        "filesys.write_file",
        description: "Write a whole file in the working folder, a new one or over an old one.",
        // The contents are given as a whole: a second run leaves the same file.
        effect: .idempotent, input: WriteFileInput.self
    ) { input, call in
        try await call.inFolder { folder, _ in
            let bytes = Array(input.content.utf8)
            guard bytes.count <= fileLimit else {
                throw ToolError("the content has \(bytes.count) bytes, more than the \(fileLimit) that may be written")
            }
            let written = try folder.write(
                input.filePath, bytes, createsFolders: input.createsFolders ?? true)
            return ToolResult(
                .string("\(written.isNew ? "made" : "replaced") \(input.filePath): \(bytes.count) bytes"))
        }
    }
}

private struct WriteFileInput: ToolInput {
    let filePath: String
    let content: String
    let createsFolders: Bool?

    enum CodingKeys: String, CodingKey {
        case filePath = "file_path"
        case createsFolders = "create_dirs"
        case content
    }

    static let schema = JSONSchema.object(
        [
            "file_path": .string("path of the file, relative to the working folder"),
            "content": .string("all of the file's new contents"),
            "create_dirs": .boolean("whether to make missing folders on the way; true unless given"),
        ], required: ["file_path", "content"])
}
