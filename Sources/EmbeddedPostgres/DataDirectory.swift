import FoundationEssentials
import Glibc

/// A data directory on disk: what it holds, who runs on it, and how it comes to be.
struct DataDirectory: Sendable {
    let path: String

    var lockPath: String { path + ".lock" }
    var logPath: String { path + "/server.log" }
    private var settingsPath: String { path + "/" + Self.settingsFile }
    private static let settingsFile = "agentcorp.conf"

    /// Names a directory by its absolute path without symbolic links, so that everyone agrees on its lock.
    init(_ path: String) {
        var absolute = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        while absolute.count > 1, absolute.hasSuffix("/") { absolute.removeLast() }
        let cut = absolute.lastIndex(of: "/") ?? absolute.startIndex
        if let whole = Self.resolve(absolute) {
            self.path = whole
        } else if let parent = Self.resolve(String(absolute[..<cut])) {
            self.path = parent + absolute[cut...]
        } else {
            self.path = absolute
        }
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    var parent: String { String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }

    /// The major version that wrote the data; nil when there is none yet.
    func major() throws -> Int? {
        guard let text = Self.read(path + "/PG_VERSION") else {
            let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            guard entries.isEmpty else {
                throw EmbeddedPostgresError(
                    .dataDirectoryUnusable,
                    "\(path) is not empty and not PostgreSQL's: choose another data directory, or empty this one")
            }
            return nil
        }
        return Int(text.trimmingSuffix { $0.isWhitespace })
    }

    /// Makes the directories above, which the server's account must be able to pass through.
    func createParent(for account: ServiceAccount) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: parent, withIntermediateDirectories: true,
                attributes: [.posixPermissions: ServiceAccount.isNeeded ? 0o755 : 0o700])
        } catch {
            throw EmbeddedPostgresError(
                .dataDirectoryUnusable, "cannot create \(parent): \(error); choose another place")
        }
        try account.requireAccess(to: parent)
    }

    /// Removes what killed starts have left behind. What their last processes still write into stays for the next start.
    /// The caller holds the lock.
    func clearAway() {
        let files = FileManager.default
        let leaf = path.dropFirst(parent.count + 1)
        for name in (try? files.contentsOfDirectory(atPath: parent)) ?? [] where name.hasPrefix("\(leaf).new-") {
            try? files.removeItem(atPath: "\(parent)/\(name)")
        }
    }

    /// Makes a new data directory with an empty database in it; blocks for a second or two.
    ///
    /// All is made in a directory beside it and renamed at the end, so a directory of this name is always whole.
    /// The caller holds the lock.
    func initialize(
        with binaries: ServerBinaries, as account: ServiceAccount, database: String, durable: Bool
    ) throws {
        let files = FileManager.default
        let new = "\(path).new-\(getpid())-\(UInt32.random(in: .min ... .max))"
        guard mkdir(new, 0o700) == 0 else {
            throw EmbeddedPostgresError(.dataDirectoryUnusable, "cannot create \(new): \(systemError())")
        }
        do {
            try account.own(new)
            var initdb = [
                binaries.initdb, "-A", "trust", "--encoding=UTF8", "--locale=C.UTF-8", "-U", EmbeddedPostgres.user,
                "-D", new,
            ]
            if !durable { initdb.append("--no-sync") }
            try Self.run(initdb, as: account)
            let name =
                "\"" + database.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
                + "\""
            try Self.run(
                [binaries.postgres, "--single", "-j", "-D", new, "postgres"], as: account,
                input: "create database \(name)\n", mustNotSay: "ERROR:")
            try Self.append("include_if_exists '\(Self.settingsFile)'\n", to: new + "/postgresql.conf")
        } catch {
            try? files.removeItem(atPath: new)
            throw error
        }
        guard rename(new, path) == 0 else {
            let reason = systemError()
            try? files.removeItem(atPath: new)
            throw EmbeddedPostgresError(.initializationFailed, "cannot rename \(new) to \(path): \(reason)")
        }
    }

    private static func run(
        _ arguments: [String], as account: ServiceAccount, input: String = "", mustNotSay bad: String? = nil
    ) throws {
        let result = try ChildProcess.output(
            of: account.commandLine(arguments, orphanSignal: "KILL"), input: input)
        guard result.status == 0, bad.map({ !result.output.contains($0) }) ?? true else {
            throw EmbeddedPostgresError(
                .initializationFailed,
                "\(arguments[0]) failed with exit code \(result.status):\n\(result.output.lastLines(10))")
        }
    }

    /// Writes the settings file; the server reads it on start, and `ALTER SYSTEM` overrides it.
    func writeSettings(_ settings: [String: String]) throws {
        var text = "# Written on every start. To change a setting for good, use ALTER SYSTEM.\n"
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) {
            let quoted = value.map { $0 == "'" || $0 == "\\" ? "\($0)\($0)" : String($0) }.joined()
            text += "\(name) = '\(quoted)'\n"
        }
        do {
            try Data(text.utf8).write(to: URL(filePath: settingsPath), options: .atomic)
            // Root's umask must not hide the file from the server's account.
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: settingsPath)
        } catch {
            throw EmbeddedPostgresError(
                .dataDirectoryUnusable, "cannot write \(settingsPath): \(error)")
        }
    }

    /// What a live server on this directory says of itself; nil when none runs, or a killed one has left its file.
    func runningServer() -> RunningServer? {
        guard let text = Self.read(path + "/postmaster.pid") else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count > 7, let pid = pid_t(lines[0]), let port = Int(lines[3]), !lines[4].isEmpty,
            kill(pid, 0) == 0 || errno == EPERM
        else { return nil }
        return RunningServer(
            pid: pid, socketDirectory: lines[4], port: port,
            isReady: lines[7].trimmingSuffix { $0 == " " } == "ready")
    }

    static func read(_ path: String) -> String? {
        (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func append(_ text: String, to path: String) throws {
        let file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        guard file >= 0, text.withCString({ write(file, $0, strlen($0)) }) == text.utf8.count else {
            throw EmbeddedPostgresError(.initializationFailed, "cannot write to \(path): \(systemError())")
        }
    }
}

extension String {
    /// The end of a long text: as much as an error message can carry.
    func lastLines(_ count: Int) -> String {
        split(separator: "\n").suffix(count).joined(separator: "\n")
    }
}
