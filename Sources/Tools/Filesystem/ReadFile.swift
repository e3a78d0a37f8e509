internal import JSON
internal import Sandbox

extension FilesystemTools {
    static let readFile = Tool(
        "filesys.read_file",
        description: "Read a text file in the working folder. For a long one, give offset and limit to read a part.",
        // Reading changes nothing.
        effect: .pure, input: ReadFileInput.self
    ) { input, call in
        try await call.inFolder { folder, _ in
            let bytes = try folder.read(input.filePath, limit: fileLimit)
            guard !bytes.prefix(8192).contains(0) else {
                throw ToolError("\"\(input.filePath)\" is no text: it has \(bytes.count) bytes, some of them zero")
            }
            return ToolResult(.string(try input.part(of: bytes)))
        }
    }
}

private struct ReadFileInput: ToolInput {
    let filePath: String
    let offset: Int?
    let limit: Int?

    enum CodingKeys: String, CodingKey {
        case filePath = "file_path"
        case offset, limit
    }

    static let schema = JSONSchema.object(
        [
            "file_path": .string("path of the file, relative to the working folder"),
            "offset": .integer("the first line to read, from 1", in: 1...100_000_000),
            "limit": .integer("how many lines to read", in: 1...1_000_000),
        ], required: ["file_path"])

    func part(of bytes: [UInt8]) throws -> String {
        guard offset != nil || limit != nil else { return String(decoding: bytes, as: UTF8.self) }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // The end of the last line is no line of its own.
        if lines.last?.isEmpty == true { lines.removeLast() }
        let first = (offset ?? 1) - 1
        guard first < max(lines.count, 1) else {
            throw ToolError("\"\(filePath)\" has \(lines.count) lines; line \(first + 1) is beyond its end")
        }
        let part = lines.dropFirst(first).prefix(limit ?? .max)
        let text = String(decoding: Array(part.joined(separator: [UInt8(ascii: "\n")])), as: UTF8.self)
        let last = first + part.count
        return last < lines.count ? text + "\n[line \(last) of \(lines.count)]" : text
    }
}
