internal import JSON
internal import MCP

extension ToolResult {
    /// What a model is told of a result: text as it stands; of what is no text, what it is and how large.
    init(_ result: MCPCallResult) {
        self.init(Self.content(of: result), isError: result.isError, isTainted: true)
    }

    private static func content(of result: MCPCallResult) -> JSONValue {
        let texts = result.content.compactMap { block in
            if case .text(let text) = block { text } else { nil }
        }
        let isText = texts.count == result.content.count
        if let structured = result.structuredContent {
            // Servers repeat it as text for those who cannot read it.
            let isRepeated =
                isText && texts.count <= 1 && texts.allSatisfy { (try? JSONValue(parsing: $0)) == structured }
            if isRepeated { return structured }
            return ["content": content(of: result.content, isText: isText, texts), "structured": structured]
        }
        return content(of: result.content, isText: isText, texts)
    }

    private static func content(of blocks: [MCPContent], isText: Bool, _ texts: [String]) -> JSONValue {
        isText ? .string(texts.joined(separator: "\n\n")) : .array(blocks.map { describe($0) })
    }

    private static func describe(_ block: MCPContent) -> JSONValue {
        func object(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
            .object(Dictionary(uniqueKeysWithValues: members.compactMap { pair in pair.value.map { (pair.key, $0) } }))
        }
        func optional(_ text: String?) -> JSONValue? { text.map { .string($0) } }
        /// Of base64, without decoding it.
        func size(_ data: String) -> JSONValue {
            .integer(Int64(data.utf8.count { $0 != UInt8(ascii: "=") && $0 > 0x20 } * 3 / 4))
        }
        switch block {
        case .text(let text):
            return .string(text)
        case .image(let data, let type):
            return object(["type": "image", "mime_type": .string(type), "bytes": size(data), "shown": false])
        case .audio(let data, let type):
            return object(["type": "audio", "mime_type": .string(type), "bytes": size(data), "shown": false])
        case .resourceLink(let uri, let name, let description, let type):
            return object([
                "type": "resource_link", "uri": .string(uri), "name": optional(name),
                "description": optional(description), "mime_type": optional(type),
            ])
        case .textResource(let uri, let type, let text):
            return object([
                "type": "resource", "uri": .string(uri), "mime_type": optional(type), "text": .string(text),
            ])
        case .binaryResource(let uri, let type, let data):
            return object([
                "type": "resource", "uri": .string(uri), "mime_type": optional(type), "bytes": size(data),
                "shown": false,
            ])
        case .other(let value):
            return value
        }
    }
}
