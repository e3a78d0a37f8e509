import FoundationEssentials
import JSON

/// What the configuration file says: lines `key = value`, and comments that begin with `#`.
///
/// Keys: `database` and `direct_database` (connection strings), `pooler` (yes or no), `pg_bin` (the directory of
/// PostgreSQL's server programs, for `agentcorp dev`), `encryption_keys` (a file).
struct ConfigurationFile: Sendable {
    let path: String
    var database: String?
    var directDatabase: String?
    var isPooled = false
    var binaries: String?
    var encryptionKeys: String?

    /// Reads `$XDG_CONFIG_HOME/agentcorp/config`, by default under `~/.config`; a file that does not exist is empty.
    static func read(environment: [String: String]) throws -> ConfigurationFile {
        let path = folder(environment: environment) + "/config"
        guard FileManager.default.fileExists(atPath: path) else { return ConfigurationFile(path: path) }
        let text: String
        do {
            text = try String(contentsOf: URL(filePath: path), encoding: .utf8)
        } catch {
            throw CommandError(.badInput, "cannot read \(path). Make it a UTF-8 text file that this user can read.")
        }
        return try parse(text, path: path)
    }

    /// Where this file lies, and others beside it.
    static func folder(environment: [String: String]) -> String {
        let home = environment.nonEmpty("XDG_CONFIG_HOME") ?? environment.nonEmpty("HOME").map { $0 + "/.config" }
        return (home ?? "/etc") + "/agentcorp"
    }

    /// The file of this name beside the configuration file, if it is there.
    static func neighbour(_ name: String, environment: [String: String]) -> String? {
        let path = folder(environment: environment) + "/" + name
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    static func parse(_ text: String, path: String) throws -> ConfigurationFile {
        var file = ConfigurationFile(path: path)
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = trimmed(line)
            if line.isEmpty || line.hasPrefix("#") { continue }
            let place = "\(path), line \(number + 1)"
            guard let cut = line.firstIndex(of: "=") else {
                throw CommandError(.badInput, "\(place): `\(line.prefix(20))` is not `key = value`.")
            }
            let key = trimmed(line[..<cut])
            let value = trimmed(line[line.index(after: cut)...])
            switch key {
            case "database": file.database = value
            case "direct_database": file.directDatabase = value
            case "pooler": file.isPooled = try truth(value, of: "\(place): pooler")
            case "pg_bin": file.binaries = value
            case "encryption_keys": file.encryptionKeys = value
            default:
                let keys = ["database", "direct_database", "pooler", "pg_bin", "encryption_keys"]
                let guess = Spelling.nearest(to: key, in: keys).map { "Did you mean `\($0)`?" }
                throw CommandError(
                    .badInput, "\(place): unknown key `\(key)`. \(guess ?? "Keys: \(keys.joined(separator: ", ")).")")
            }
        }
        return file
    }

    static func truth(_ value: String, of name: String) throws -> Bool {
        switch value.lowercased() {
        case "yes", "true", "on", "1": true
        case "no", "false", "off", "0": false
        default: throw CommandError(.badInput, "\(name) is \"\(value)\". Use yes or no.")
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    private static func trimmed(_ text: String) -> String { trimmed(text[...]) }
}
