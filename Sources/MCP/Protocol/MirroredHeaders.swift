internal import FoundationEssentials
internal import JSON

/// The arguments of a tool that are repeated in HTTP headers, so that gateways can route by them: those whose schema
/// has an `x-mcp-header`.
struct MirroredHeaders: Sendable {
    private struct Field {
        let path: [String]
        let header: String
    }

    private var fields: [Field] = []

    /// Throws a sentence that says why the tool must not be used.
    init(_ schema: JSONValue) throws(Invalid) {
        try walk(schema, path: [], depth: 0)
        var seen: Set<String> = []
        for field in fields where !seen.insert(field.header.lowercased()).inserted {
            throw Invalid(description: "two properties have the x-mcp-header \"\(field.header)\"")
        }
    }

    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    func headers(for arguments: JSONValue) -> [(name: String, value: String)] {
        fields.compactMap { field in
            let value = field.path.reduce(Optional(arguments)) { $0?[$1] }
            let text: String? =
                switch value {
                case .string(let text): text
                case .integer(let number): "\(number)"
                case .number(let number): Int64(exactly: number).map { "\($0)" } ?? "\(number)"
                case .bool(let truth): truth ? "true" : "false"
                default: nil
                }
            return text.map { ("Mcp-Param-\(field.header)", Self.encode($0)) }
        }
    }

    /// A header value that survives the way: printable ASCII as it is, everything else in base64.
    static func encode(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        let hasEdges = text.hasPrefix(" ") || text.hasSuffix(" ")
        let looksEncoded = text.hasPrefix("=?base64?") && text.hasSuffix("?=")
        if isPlain, !hasEdges, !looksEncoded { return text }
        return "=?base64?\(Data(text.utf8).base64EncodedString())?="
    }

    /// - Parameter path: The names of the properties down to here; nil below anything but `properties`, where no
    ///   property has one place.
    private mutating func walk(_ schema: JSONValue, path: [String]?, depth: Int) throws(Invalid) {
        guard depth <= 64 else { throw Invalid(description: "its schema is nested too deeply") }
        guard case .object(let members) = schema else { return }
        if let header = members["x-mcp-header"] { fields.append(try field(header, of: members, at: path)) }
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            switch (key, value) {
            case ("properties", .object(let properties)):
                for (name, property) in properties.sorted(by: { $0.key < $1.key }) {
                    try walk(property, path: path.map { $0 + [name] }, depth: depth + 1)
                }
            // These hold values, not schemas: what looks like an annotation there is data.
            case ("default", _), ("const", _), ("enum", _), ("examples", _):
                break
            case ("patternProperties", .object(let schemas)), ("$defs", .object(let schemas)),
                ("definitions", .object(let schemas)), ("dependentSchemas", .object(let schemas)):
                for schema in schemas.values { try walk(schema, path: nil, depth: depth + 1) }
            case (_, .array(let schemas)):
                for schema in schemas { try walk(schema, path: nil, depth: depth + 1) }
            case (_, .object):
                try walk(value, path: nil, depth: depth + 1)
            default:
                break
            }
        }
    }

    private func field(_ header: JSONValue, of schema: [String: JSONValue], at path: [String]?) throws(Invalid) -> Field
    {
        guard let path, !path.isEmpty else {
            throw Invalid(description: "an x-mcp-header stands where no single property is meant")
        }
        let name = path.joined(separator: ".")
        guard let header = header.string, !header.isEmpty, header.utf8.allSatisfy(Self.isTokenByte) else {
            throw Invalid(description: "the x-mcp-header of \"\(name)\" is no name of a header")
        }
        guard let type = schema["type"]?.string, ["string", "integer", "boolean"].contains(type) else {
            throw Invalid(description: "\"\(name)\" has an x-mcp-header, but is neither string, integer nor boolean")
        }
        return Field(path: path, header: header)
    }

    /// RFC 9110, 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
