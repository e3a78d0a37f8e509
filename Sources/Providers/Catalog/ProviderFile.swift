internal import FoundationEssentials
internal import JSON

/// Reads `providers.json`: `{"providers": {"NAME": {"api": …, "base_url": …, …}}}`.
enum ProviderFile {
    static let fields = [
        "api", "dialect", "base_url", "allow_http", "key", "headers", "timeouts", "retries", "structured_output",
        "script",
    ]

    /// Throws `ProviderConfigurationError` that names the file and the field.
    static func read(_ path: String) throws -> [String: ProviderEntry] {
        let value = try NamedFile.json(path)
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let top = try JSONFields(value, at: path, known: ["providers"])
        var entries: [String: ProviderEntry] = [:]
        for (name, value) in try top.object("providers") ?? [:] {
            guard !name.isEmpty, name.utf8.allSatisfy({ isNameLetter($0) }) else {
                throw ProviderConfigurationError("\(path): the name \"\(name)\" is not of a-z, 0-9, - and _")
            }
            entries[name] = try entry(name, JSONFields(value, at: "\(path): \(name)", known: fields), folder)
        }
        return entries
    }

    private static func isNameLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func entry(_ name: String, _ fields: JSONFields, _ folder: String) throws -> ProviderEntry {
        var entry = ProviderEntry(name: name)
        entry.api = try fields.word("api")
        entry.dialect = try fields.word("dialect")
        entry.url = try fields.string("base_url")
        entry.allowHTTP = try fields.bool("allow_http")
        entry.keySource = try fields.value("key").map { try source($0, fields.place + ".key", folder) }
        for (header, value) in try fields.object("headers") ?? [:] {
            if let text = value.string {
                entry.plainHeaders[header] = text
            } else {
                entry.secretHeaders[header] = try source(value, "\(fields.place).headers.\(header)", folder)
            }
        }
        if let timeouts = try fields.fields("timeouts", known: ["total", "idle"]) {
            entry.total = try timeouts.seconds("total")
            entry.idle = try timeouts.seconds("idle")
        }
        entry.retries = try fields.integer("retries", in: 0...10)
        entry.structuredOutput = try fields.word("structured_output")
        entry.script = try fields.string("script").map { absolute($0, folder) }
        return entry
    }

    private static func source(_ value: JSONValue, _ place: String, _ folder: String) throws -> ProviderEntry.Source {
        if value.string != nil {
            throw ProviderConfigurationError(
                "\(place): a secret does not belong into this file; name where it is: {\"env\": \"VARIABLE\"} or "
                    + "{\"file\": \"PATH\"}")
        }
        let fields = try JSONFields(value, at: place, known: ["env", "file"])
        switch (try fields.string("env"), try fields.string("file")) {
        case (let variable?, nil): return .variable(variable)
        case (nil, let path?): return .file(absolute(path, folder))
        default:
            throw ProviderConfigurationError("\(place) must be {\"env\": \"VARIABLE\"} or {\"file\": \"PATH\"}")
        }
    }

    /// Paths are relative to the file that names them.
    private static func absolute(_ path: String, _ folder: String) -> String {
        if path.hasPrefix("~/"), let home = ProcessInfo.processInfo.environment["HOME"] {
            return home + path.dropFirst()
        }
        return path.hasPrefix("/") ? path : folder + "/" + path
    }
}
