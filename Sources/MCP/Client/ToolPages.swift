internal import JSON

/// Collects the pages of a list of tools, and refuses what no tool can be.
struct ToolPages {
    static let maximumPages = 100
    static let maximumTools = 2000
    static let maximumSchema = 256 << 10
    static let maximumDepth = 64

    let server: String
    /// Whether tools are used over HTTP in the modern era, where arguments may be repeated in headers.
    let mirrorsArguments: Bool
    let allowed: Set<String>?

    private var tools: [MCPTool] = []
    private var rejected: [MCPToolListing.Rejected] = []
    private var names: Set<String> = []
    private var cursors: Set<String> = []
    private var pages = 0
    private var lifetime: Duration?

    init(server: String, mirrorsArguments: Bool, allowed: Set<String>?) {
        self.server = server
        self.mirrorsArguments = mirrorsArguments
        self.allowed = allowed
    }

    /// Takes a page; returns the cursor of the next one, which may be empty text.
    mutating func add(_ page: JSONValue) throws -> String? {
        guard case .array(let values)? = page["tools"] else {
            throw violation("sent a list of tools without `tools`")
        }
        pages += 1
        for value in values { add(tool: value) }
        guard names.count <= Self.maximumTools else { throw violation("has more than \(Self.maximumTools) tools") }
        if case .integer(let milliseconds)? = page["ttlMs"], milliseconds >= 0 {
            lifetime = min(lifetime ?? .seconds(3600), .milliseconds(min(milliseconds, 3_600_000)))
        }
        guard let cursor = page["nextCursor"]?.string else { return nil }
        guard pages < Self.maximumPages else { throw violation("has more than \(Self.maximumPages) pages of tools") }
        guard cursors.insert(cursor).inserted else {
            throw violation("leads from page to page of its tools in a circle")
        }
        return cursor
    }

    var listing: MCPToolListing { MCPToolListing(tools: tools, rejected: rejected, lifetime: lifetime) }

    private mutating func add(tool value: JSONValue) {
        let name = value["name"]?.string ?? ""
        if let allowed, !allowed.contains(name) { return }
        guard names.insert(name).inserted else { return reject(name, "its name is given twice; the first one counts") }
        guard Self.isName(name) else {
            return reject(name, "a name has 1 to 128 letters, digits, `_`, `-` and `.`")
        }
        guard let schema = value["inputSchema"], case .object(let members) = schema else {
            return reject(name, "it has no input schema")
        }
        guard members["type"] == nil || members["type"] == "object" else {
            return reject(name, "its arguments are no object")
        }
        guard Self.depth(of: schema) <= Self.maximumDepth, schema.bytes.count <= Self.maximumSchema else {
            return reject(name, "its input schema is too large, or nested too deeply")
        }
        if mirrorsArguments {
            do {
                _ = try MirroredHeaders(schema)
            } catch {
                return reject(name, "\(error)")
            }
        }
        tools.append(
            MCPTool(
                name: name, title: value["title"]?.string, description: value["description"]?.string ?? "",
                inputSchema: schema, outputSchema: value["outputSchema"].flatMap { $0 == .null ? Optional.none : $0 },
                annotations: MCPToolAnnotations(value["annotations"])))
    }

    private mutating func reject(_ name: String, _ reason: String) {
        rejected.append(MCPToolListing.Rejected(name: String(name.prefix(128)), reason: reason))
    }

    private func violation(_ what: String) -> MCPError {
        MCPError(.protocolViolation, "\(server) \(what).")
    }

    private static func isName(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"):
                    true
                default: "_-.".utf8.contains(byte)
                }
            }
    }

    private static func depth(of value: JSONValue) -> Int {
        switch value {
        case .array(let elements): 1 + (elements.map { depth(of: $0) }.max() ?? 0)
        case .object(let members): 1 + (members.values.map { depth(of: $0) }.max() ?? 0)
        default: 0
        }
    }
}
