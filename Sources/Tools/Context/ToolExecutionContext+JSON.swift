public import JSON
internal import Sandbox

extension ToolExecutionContext {
    /// Reads the `context_settings` of an agent's configuration; numbers and truths may be given as strings.
    ///
    /// Throws `ContextSettingsError`, also for a field that does not exist.
    public init(settings: JSONValue) throws {
        var fields = try ContextSettings(settings, at: "context_settings")
        let level = try Self.level(&fields)
        self.init(securityLevel: level)
        if let (name, value) = try fields.value("allowed_base_path", "workingdir") {
            guard let path = value.string, !path.isEmpty, !path.utf8.contains(0) else {
                throw fields.mistake(name, "must be the path of a folder")
            }
            guard path.contains(where: { $0 != "/" }) else {
                throw fields.mistake(name, "must not be the root of the file system: name the folder to work in")
            }
            allowedBasePath = path
        }
        maximumOperations = try fields.integer("max_operations", in: 1...1_000_000)
        try readIsolation(&fields)
        try readNetwork(&fields)
        try readCommands(&fields)
        try fields.refuseOthers()
    }

    private static func level(_ fields: inout ContextSettings) throws -> SecurityLevel {
        guard let word = try fields.string("security_level") else { return .standard }
        if let level = SecurityLevel(rawValue: word) ?? SecurityLevel.aliases[word] { return level }
        let levels = SecurityLevel.allCases.map(\.rawValue)
        let hint = Spelling.nearest(to: word, in: levels + SecurityLevel.aliases.keys.sorted())
        throw fields.mistake(
            "security_level",
            "is \"\(word)\"; "
                + (hint.map { "did you mean \"\($0)\"?" } ?? "there are \(levels.joined(separator: ", "))"))
    }

    private mutating func readIsolation(_ fields: inout ContextSettings) throws {
        guard let (name, value) = try fields.value("isolation") else { return }
        var required: Bool?
        var word = value.string
        if case .object = value {
            var members = try ContextSettings(value, at: "context_settings.isolation")
            word = try members.string("level") ?? isolation.level.rawValue
            required = try members.bool("required")
            try members.refuseOthers()
        }
        guard let level = word.flatMap(Isolation.init(rawValue:)) else {
            throw fields.mistake(name, "must be none, landlock or namespaces, or {\"level\": ..., \"required\": ...}")
        }
        isolation = IsolationPolicy(level, required: required ?? isolation.required)
    }

    private mutating func readNetwork(_ fields: inout ContextSettings) throws {
        guard let (name, value) = try fields.value("network") else { return }
        switch value {
        case .string("none"): network = .none
        case .string("web"): network = NetworkPolicy()
        case .string("all"): network = NetworkPolicy(commands: true)
        case .object:
            var members = try ContextSettings(value, at: "context_settings.network")
            network.web = try members.bool("web") ?? network.web
            network.allowedHosts = try members.strings("allow_hosts") ?? network.allowedHosts
            network.intranet = try members.strings("intranet") ?? network.intranet
            if let (_, ports) = try members.value("ports") {
                guard case .array(let ports) = ports else { throw members.mistake("ports", "must be an array") }
                network.ports = try ports.map { port in
                    guard case .integer(let number) = port, (1...65_535).contains(number) else {
                        throw members.mistake("ports", "must hold numbers from 1 to 65535")
                    }
                    return Int(number)
                }
            }
            network.commands = try members.bool("commands") ?? network.commands
            try members.refuseOthers()
        default: throw fields.mistake(name, "must be \"none\", \"web\", \"all\" or an object")
        }
    }

    private mutating func readCommands(_ fields: inout ContextSettings) throws {
        guard let (name, value) = try fields.value("commands") else { return }
        switch value {
        case .string("none"): commands.allowed = []
        case .string("any"): commands.allowed = nil
        case .array: commands.allowed = try fields.strings(name)
        case .object:
            var members = try ContextSettings(value, at: "context_settings.commands")
            if let (_, allow) = try members.value("allow") {
                commands.allowed = allow.string == "any" ? nil : try members.strings("allow")
            }
            commands.shell = try members.bool("shell") ?? commands.shell
            commands.readablePaths = try members.strings("read_paths") ?? commands.readablePaths
            commands.environment = try Self.environment(&members) ?? commands.environment
            if let seconds = try members.integer("timeout", in: 1...86_400) { commands.timeout = .seconds(seconds) }
            if let seconds = try members.integer("max_timeout", in: 1...86_400) {
                commands.maximumTimeout = .seconds(seconds)
            }
            commands.maximumTimeout = max(commands.maximumTimeout, commands.timeout)
            try readLimits(&members)
            try members.refuseOthers()
        default: throw fields.mistake(name, "must be \"none\", \"any\", an array of programs or an object")
        }
        for path in commands.readablePaths where !path.hasPrefix("/") {
            throw fields.mistake(name, "has \"\(path)\" in read_paths, which must be absolute")
        }
    }

    private mutating func readLimits(_ members: inout ContextSettings) throws {
        let range = 0...10_000_000
        var limits = commands.limits
        limits.cpuSeconds = try members.integer("cpu_seconds", in: range) ?? limits.cpuSeconds
        limits.memoryMegabytes = try members.integer("memory_mb", in: range) ?? limits.memoryMegabytes
        limits.fileMegabytes = try members.integer("file_mb", in: range) ?? limits.fileMegabytes
        limits.openFiles = try members.integer("open_files", in: range) ?? limits.openFiles
        limits.processes = try members.integer("processes", in: range) ?? limits.processes
        commands.limits = limits
    }

    private static func environment(_ members: inout ContextSettings) throws -> [String: String]? {
        guard let (name, value) = try members.value("environment") else { return nil }
        guard case .object(let variables) = value else { throw members.mistake(name, "must be an object of strings") }
        return try variables.reduce(into: [:]) { result, variable in
            guard let text = variable.value.string, !variable.key.isEmpty, !variable.key.contains("="),
                !variable.key.utf8.contains(0), !text.utf8.contains(0)
            else {
                throw members.mistake(name, "must be an object of strings; \"\(variable.key)\" is none, or no name")
            }
            result[variable.key] = text
        }
    }
}
