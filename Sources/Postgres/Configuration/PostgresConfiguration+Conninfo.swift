internal import CLibpq

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

extension PostgresConfiguration {
    /// The keywords and values for `PQconnectdbParams`; a later one wins over an earlier one.
    func conninfo() throws(PostgresError) -> [(keyword: String, value: String)] {
        guard !dsn.utf8.contains(0) else {
            throw PostgresError(.connectionFailed, "the connection string contains a NUL byte")
        }
        let parsed = try parsedOptions()
        var pairs = [
            ("fallback_application_name", applicationName),
            ("connect_timeout", "\(max(2, connectTimeout.wholeSeconds))"),
            ("keepalives", "1"),
            ("keepalives_idle", "\(keepaliveIdle.wholeSeconds)"),
            ("keepalives_interval", "\(keepaliveInterval.wholeSeconds)"),
            ("keepalives_count", "\(keepaliveCount)"),
            ("tcp_user_timeout", "\(tcpUserTimeout.wholeMilliseconds)"),
        ]
        if !dsn.isEmpty { pairs.append(("dbname", dsn)) }
        pairs.append(("client_encoding", "UTF8"))
        if !sessionParameters.isEmpty {
            let given = parsed["options"] ?? getenv("PGOPTIONS").map { String(cString: $0) }
            let own = sessionParameters.sorted { $0.key < $1.key }.map { "-c \($0.key)=\(escaped($0.value))" }
            pairs.append(("options", ((given.map { [$0] } ?? []) + own).joined(separator: " ")))
        }
        return pairs
    }

    /// What the connection string says, without any password.
    var redactedDSN: String {
        guard !dsn.isEmpty else { return "the PG* environment" }
        guard let options = try? parsedOptions() else { return "an unreadable connection string" }
        return options.filter { !$0.key.contains("password") }
            .sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }
            .joined(separator: " ")
    }

    func parsedOptions() throws(PostgresError) -> [String: String] {
        // libpq takes a string that is neither `key=value` nor a URI as the name of a database.
        guard dsn.contains("=") || dsn.hasPrefix("postgres://") || dsn.hasPrefix("postgresql://") else {
            return dsn.isEmpty ? [:] : ["dbname": dsn]
        }
        var message: UnsafeMutablePointer<CChar>?
        // libpq's own message can quote a piece of the password, so it stays untold.
        let unreadable = PostgresError(
            .connectionFailed,
            "the connection string cannot be read: check its keywords and quotes, "
                + "and percent-encode special characters in a URI")
        guard let options = PQconninfoParse(dsn, &message) else {
            PQfreemem(message)
            throw unreadable
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        // A slash or an @ in a URI's password that is not percent-encoded spills the rest of it into other options.
        let isSpilt =
            values["port", default: ""].split(separator: ",").contains { UInt16($0) == nil }
            || (dsn.contains("://") && [values["host"], values["dbname"]].contains { $0?.contains("@") ?? false })
        if isSpilt { throw unreadable }
        return values
    }

    /// In `options`, white space separates and a backslash escapes.
    private func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            if character == "\\" || character.isWhitespace { text.append("\\") }
            text.append(character)
        }
    }
}

extension PostgresConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { redactedDSN }
    public var debugDescription: String { redactedDSN }
    /// Hides the connection string, which may hold a password, from `dump` and from debuggers.
    public var customMirror: Mirror { Mirror(self, children: ["dsn": redactedDSN]) }
}

extension Duration {
    /// Rounded up, at least 1: libpq reads 0 as "no limit".
    fileprivate var wholeSeconds: Int64 {
        max(1, components.seconds + (components.attoseconds > 0 ? 1 : 0))
    }

    fileprivate var wholeMilliseconds: Int64 {
        max(1, components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
    }
}
