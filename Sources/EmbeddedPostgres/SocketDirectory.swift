import Glibc

/// The private directory of a server's Unix socket.
struct SocketDirectory: Sendable {
    let path: String
    /// Whether we chose it, and so may remove it.
    let isOurs: Bool

    /// Finds the directory for a data directory and makes it if needed, for nobody but the server's account.
    ///
    /// - Throws: ``EmbeddedPostgresError`` when the socket's path gets too long or somebody else made the directory.
    static func prepare(
        named name: String?, for data: DataDirectory, as account: ServiceAccount
    ) throws -> SocketDirectory {
        let path = name.map { DataDirectory($0).path } ?? chosen(for: data, as: account)
        let socket = RunningServer.socketPath(in: path, port: EmbeddedPostgres.port)
        guard socket.utf8.count <= RunningServer.longestSocketPath else {
            throw EmbeddedPostgresError(
                .socketDirectoryUnusable,
                """
                the socket path \(socket) has \(socket.utf8.count) bytes, and the system allows \
                \(RunningServer.longestSocketPath): choose a shorter socket directory
                """)
        }
        if mkdir(path, 0o700) == 0 {
            try account.own(path)
        } else if errno != EEXIST {
            throw EmbeddedPostgresError(.socketDirectoryUnusable, "cannot create \(path): \(systemError())")
        }
        // In /tmp anybody may have made a directory of this name before us.
        var found = stat()
        guard lstat(path, &found) == 0, found.st_mode & S_IFMT == S_IFDIR, found.st_uid == account.uid,
            found.st_mode & 0o077 == 0 || name != nil
        else {
            throw EmbeddedPostgresError(
                .socketDirectoryUnusable,
                """
                \(path) exists but is not a private directory (mode 0700) of the user that runs PostgreSQL: \
                remove it, or choose another socket directory
                """)
        }
        return SocketDirectory(path: path, isOurs: name == nil)
    }

    /// Removes a directory of our choosing once its server has gone.
    func remove() {
        if isOurs { rmdir(path) }
    }

    private static func chosen(for data: DataDirectory, as account: ServiceAccount) -> String {
        // FNV-1a: short, and the same in every process, unlike Swift's seeded hashes.
        let hash = data.path.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "/tmp/agentcorp-\(account.uid)-\(String(hash, radix: 36))"
    }
}
