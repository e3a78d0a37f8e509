internal import JSON
internal import Sandbox

extension FilesystemTools {
    static let deleteFile = Tool(
        "filesys.delete_file",
        description: "Delete a file in the working folder. Folders are not deleted.",
        // A second run finds nothing to delete.
        effect: .idempotent, input: DeleteFileInput.self
    ) { input, call in
        try await call.inFolder { folder, _ in
            try folder.delete(input.filePath)
            return ToolResult(.string("deleted \(input.filePath)"))
        }
    }
}

private struct DeleteFileInput: ToolInput {
    let filePath: String

    enum CodingKeys: String, CodingKey {
        case filePath = "file_path"
    }

    static let schema = JSONSchema.object(
        ["file_path": .string("path of the file, relative to the working folder")])
}
