internal import FoundationEssentials
public import JSON

extension MCPServerConfiguration {
    /// The servers of a document, by name: `{"servers": {NAME: {...}}}`, or the same under `mcpServers`. Those that are
    /// `disabled` are left out.
    ///
    /// Throws `MCPError` that names the server and the field.
    public static func servers(in document: JSONValue) throws -> [MCPServerConfiguration] {
        let top = try JSONFields(configuration: document, at: "", known: nil)
        guard let servers = try top.object("servers") ?? top.object("mcpServers") else {
            throw top.mistake("servers", "is missing: an object with a member for each server")
        }
        return try servers.sorted { $0.key < $1.key }
            .filter { $0.value["disabled"] != true }
            .map { try MCPServerConfiguration(name: $0, $1) }
    }

    /// One server, as the document has it.
    ///
    /// Throws `MCPError` that names the server and the field.
    public init(name: String, _ value: JSONValue) throws {
        let fields = try JSONFields(configuration: value, at: "server \"\(name)\"", known: Self.known)
        let isWord = name.utf8.allSatisfy { byte in
            byte < 0x80 && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber)
                || "_-".utf8.contains(byte)
        }
        guard isWord, (1...32).contains(name.utf8.count) else {
            throw MCPError(
                .configuration, "server \"\(name)\": a name has 1 to 32 letters, digits, `_` and `-`, and nothing else."
            )
        }
        self.init(name: name, transport: try Self.transport(fields))
        allowedTools = try fields.strings("tools").map { Set($0) }
        effects = try fields.dictionary("effects") ?? [:]
        for (tool, effect) in effects.sorted(by: { $0.key < $1.key })
        where !["pure", "idempotent", "once"].contains(effect) {
            throw fields.mistake("effects", "says \"\(effect)\" of \(tool): pure, idempotent and once are known")
        }
        pins = try fields.dictionary("pins") ?? [:]
        for (tool, pin) in pins.sorted(by: { $0.key < $1.key }) where !Self.isDigest(pin) {
            throw fields.mistake("pins", "of \(tool) must be sha256: and 64 digits, as `agentcorp mcp tools` prints it")
        }
        timeout = try fields.seconds("timeout", from: 0.001) ?? timeout
        maximumTime = try fields.seconds("max_time", from: 0.001) ?? max(maximumTime, timeout)
        startTimeout = try fields.seconds("start_timeout", from: 0.001) ?? startTimeout
        idleTime = try fields.seconds("idle_time", from: 0.001) ?? idleTime
        maximumMessage = try fields.integer("max_message", in: 1024...(256 << 20)) ?? maximumMessage
    }

    private static let known = [
        "command", "args", "env", "inherit_env", "cwd", "url", "headers", "token", "type", "disabled", "tools",
        "effects", "pins",
        "timeout", "max_time", "start_timeout", "idle_time", "max_message",
    ]

    private static func transport(_ fields: JSONFields) throws -> Transport {
        switch (fields.has("command"), fields.has("url")) {
        case (true, false): return .command(try command(fields))
        case (false, true): return .endpoint(try endpoint(fields))
        case (true, true): throw fields.mistake("url", "and `command` exclude each other")
        case (false, false): throw fields.mistake("command", "is missing, and so is `url`: one of them is needed")
        }
    }

    private static func command(_ fields: JSONFields) throws -> MCPCommand {
        try fields.refuse(["headers", "token"], with: "command")
        // The files of other programs have a word here, and its arguments beside it.
        let words = try fields.value("command")?.string.map { [$0] } ?? fields.strings("command") ?? []
        let argv = words + (try fields.strings("args") ?? [])
        guard let program = argv.first, !program.isEmpty, argv.allSatisfy({ !$0.utf8.contains(0) }) else {
            throw fields.mistake("command", "must be an array of strings that begins with a program")
        }
        var command = MCPCommand(argv)
        command.environment = try fields.settings("env") ?? [:]
        command.inherited = try fields.strings("inherit_env") ?? []
        for name in command.environment.keys.sorted() + command.inherited
        where name.isEmpty || name.contains("=") || name.utf8.contains(0) {
            throw fields.mistake("env", "has a variable that cannot be called \"\(name)\"")
        }
        command.directory = try fields.string("cwd")
        return command
    }

    private static func endpoint(_ fields: JSONFields) throws -> MCPEndpoint {
        try fields.refuse(["args", "env", "inherit_env", "cwd"], with: "url")
        guard let text = try fields.string("url"), let url = URL(string: text), let scheme = url.scheme?.lowercased(),
            let host = url.host()?.lowercased(), !host.isEmpty
        else { throw fields.mistake("url", "must be like https://example.com/mcp") }
        guard url.user == nil, url.password == nil else {
            throw fields.mistake("url", "must not hold a user or password; use `token` or `headers`")
        }
        guard scheme == "https" || scheme == "http" && isLoopback(host) else {
            throw fields.mistake("url", "must begin with https://; http:// is for servers on this machine alone")
        }
        var endpoint = MCPEndpoint(text)
        endpoint.headers = try fields.settings("headers") ?? [:]
        for name in endpoint.headers.keys.sorted() {
            let isReserved =
                name.lowercased().hasPrefix("mcp-") || ["host", "content-length"].contains(name.lowercased())
            guard !name.isEmpty, !isReserved, name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x3A }) else {
                throw fields.mistake("headers", "cannot have \"\(name)\"")
            }
        }
        if let token = try fields.setting("token") {
            if case .literal = token {
                throw fields.mistake("token", "must say where it is: {\"env\": VARIABLE} or {\"file\": PATH}")
            }
            endpoint.token = token
        }
        return endpoint
    }

    static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || host == "::1" || host == "[::1]"
            || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func isDigest(_ text: String) -> Bool {
        text.hasPrefix("sha256:") && text.utf8.count == 71
            && text.dropFirst(7).allSatisfy { "0123456789abcdef".contains($0) }
    }
}
