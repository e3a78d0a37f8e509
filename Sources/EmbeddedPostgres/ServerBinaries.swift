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
        let debian = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []
        var places = versions.map { "\(debian)/\($0)/bin" }
        let path = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map(String.init)
        for folder in path {
            let tool = folder + "/pg_config"
            guard FileManager.default.isExecutableFile(atPath: tool) else { continue }
            if let answer = try? ChildProcess.output(of: [tool, "--bindir"]), answer.status == 0 {
                places.append(answer.output.trimmingSuffix { $0.isWhitespace })
            }
            break
        }
        places += path
        // A stable sort by version keeps the order of the places: Debian's layout first, then pg_config, then PATH.
        let found = places.compactMap(probe)
        let newestFirst = found.enumerated().sorted { ($1.element.major, $0.offset) < ($0.element.major, $1.offset) }
        guard !newestFirst.isEmpty else {
            throw EmbeddedPostgresError(
                .binariesNotFound, "no PostgreSQL server found in \(debian), by pg_config or on PATH: \(advice)")
        }
        return newestFirst.map(\.element)
    }

    private static func probe(_ directory: String) -> ServerBinaries? {
        let files = FileManager.default
        guard files.isExecutableFile(atPath: directory + "/postgres"),
            files.isExecutableFile(atPath: directory + "/initdb"),
            let answer = try? ChildProcess.output(of: [directory + "/postgres", "--version"]), answer.status == 0,
            let version = answer.output.split(separator: " ").first(where: { $0.first?.isNumber == true }),
            let major = Int(version.prefix { $0.isNumber })
        else { return nil }
        return ServerBinaries(directory: directory, major: major)
    }
}

extension String {
    func trimmingSuffix(while matches: (Character) -> Bool) -> String {
        var rest = self[...]
        while let last = rest.last, matches(last) { rest.removeLast() }
        return String(rest)
    }
}
