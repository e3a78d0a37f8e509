public import JSON

/// A piece of a tool's result.
public enum MCPContent: Sendable, Hashable {
    case text(String)
    /// `data` is base64 as it came.
    case image(data: String, mimeType: String)
    case audio(data: String, mimeType: String)
    case resourceLink(uri: String, name: String?, description: String?, mimeType: String?)
    case textResource(uri: String, mimeType: String?, text: String)
    /// `data` is base64 as it came.
    case binaryResource(uri: String, mimeType: String?, data: String)
    /// Of a type that is not known here, or without what its type needs.
    case other(JSONValue)

    init(_ value: JSONValue) {
        self = Self.known(value) ?? .other(value)
    }

    private static func known(_ value: JSONValue) -> MCPContent? {
        switch value["type"]?.string {
        case "text":
            return value["text"]?.string.map { .text($0) }
        case "image", "audio":
            guard let data = value["data"]?.string, let type = value["mimeType"]?.string else { return nil }
            return value["type"] == "image" ? .image(data: data, mimeType: type) : .audio(data: data, mimeType: type)
        case "resource_link":
            guard let uri = value["uri"]?.string else { return nil }
            return .resourceLink(
                uri: uri, name: value["name"]?.string, description: value["description"]?.string,
                mimeType: value["mimeType"]?.string)
        case "resource":
            guard let resource = value["resource"], let uri = resource["uri"]?.string else { return nil }
            let type = resource["mimeType"]?.string
            if let text = resource["text"]?.string { return .textResource(uri: uri, mimeType: type, text: text) }
            return resource["blob"]?.string.map { .binaryResource(uri: uri, mimeType: type, data: $0) }
        default:
            return nil
        }
    }
}
