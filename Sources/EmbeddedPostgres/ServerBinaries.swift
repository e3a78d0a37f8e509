import FoundationEssentials

/// One installed PostgreSQL server: where its programs are and which major version they speak.
struct ServerBinaries: Sendable {
    let directory: String
    let major: Int

    var postgres: String { directory + "/postgres" }
    var initdb: String { directory + "/initdb" }

    static let advice =
        "install one (Debian: apt-get install postgresql-15), or name the directory that holds `postgres` and `initdb`"

    /// The servers to choose from, newest first; only the one in `directory` when that is given.
    ///
    /// - Throws: ``EmbeddedPostgresError`` when there is none.
    static func all(named directory: String?, environment: [String: String]) throws -> [ServerBinaries] {
        if let directory {
            guard let found = probe(directory) else {
                throw EmbeddedPostgresError(
                    .binariesNotFound, "no PostgreSQL server programs in \(directory): \(advice)")
            }
            return [found]
        }
        // Every command that looks for a server comes by here, so a program is asked only where no name tells:
        // Debian's layout has the version in the path, and `pg_config` is the last resort.
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []
        let path = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map(String.init)
        var found = versions.compactMap { version in
            Int(version).flatMap { ServerBinaries(directory: "\(debian)/\(version)/bin", major: $0).ifComplete }
        }
        found += path.compactMap(probe)
        if found.isEmpty, let directory = askConfig(path) { found = [directory].compactMap(probe) }
        guard !found.isEmpty else {
            throw EmbeddedPostgresError(
                .binariesNotFound, "no PostgreSQL server found in \(debian), on PATH or by pg_config: \(advice)")
        }
        return found.sorted { $0.major > $1.major }
    }

    private static let debian = "/usr/lib/postgresql"

    private var ifComplete: ServerBinaries? {
        let files = FileManager.default
        return files.isExecutableFile(atPath: postgres) && files.isExecutableFile(atPath: initdb) ? self : nil
    }

    private static func probe(_ directory: String) -> ServerBinaries? {
        guard let candidate = ServerBinaries(directory: directory, major: 0).ifComplete,
            let answer = try? ChildProcess.output(of: [candidate.postgres, "--version"]), answer.status == 0,
            let version = answer.output.split(separator: " ").first(where: { $0.first?.isNumber == true }),
            let major = Int(version.prefix { $0.isNumber })
        else { return nil }
        return ServerBinaries(directory: directory, major: major)
    }

    private static func askConfig(_ path: [String]) -> String? {
        let tools = path.map { $0 + "/pg_config" }
        guard let tool = tools.first(where: { FileManager.default.isExecutableFile(atPath: $0) }),
            let answer = try? ChildProcess.output(of: [tool, "--bindir"]), answer.status == 0
        else { return nil }
        return answer.output.trimmingSuffix { $0.isWhitespace }
    }
}

extension String {
    func trimmingSuffix(while matches: (Character) -> Bool) -> String {
        var rest = self[...]
        while let last = rest.last, matches(last) { rest.removeLast() }
        return String(rest)
    }
}
