import FoundationEssentials
import Glibc

/// The account that the server runs as: ourselves, or `postgres` when we are root, which PostgreSQL refuses.
struct ServiceAccount: Sendable {
    let uid: uid_t
    let gid: gid_t
    /// What a command line begins with so that the program runs under this account.
    let prefix: [String]

    static var isNeeded: Bool { geteuid() == 0 }
    static let name = "postgres"

    /// - Throws: ``EmbeddedPostgresError`` when we are root and there is no `postgres` account or no `setpriv`.
    static func current() throws -> ServiceAccount {
        guard isNeeded else { return ServiceAccount(uid: geteuid(), gid: getegid(), prefix: []) }
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
            throw EmbeddedPostgresError(
                .startFailed,
                """
                PostgreSQL refuses to run as root, and there is no system user `\(name)` to run it as: \
                install PostgreSQL's package, create the user, or start as an ordinary user
                """)
        }
        guard let setpriv = ChildProcess.setpriv else {
            throw EmbeddedPostgresError(
                .startFailed,
                """
                PostgreSQL refuses to run as root, and `setpriv` (package util-linux) is missing, which is needed to \
                run it as `\(name)`: install it, or start as an ordinary user
                """)
        }
        return ServiceAccount(
            uid: entry.pw_uid, gid: entry.pw_gid,
            prefix: [setpriv, "--reuid=\(name)", "--regid=\(name)", "--init-groups", "--reset-env"])
    }

    /// The command line that runs `arguments` under this account, and signals it once its supervisor is gone.
    ///
    /// Without `setpriv` (it is part of every Debian) the program simply outlives a supervisor that is killed.
    func commandLine(_ arguments: [String], orphanSignal: String) -> [String] {
        guard let setpriv = ChildProcess.setpriv else { return arguments }
        return (prefix.isEmpty ? [setpriv] : prefix) + ["--pdeathsig", orphanSignal, "--"] + arguments
    }

    /// Hands a file or directory to this account.
    func own(_ path: String) throws {
        guard Self.isNeeded else { return }
        guard lchown(path, uid, gid) == 0 else {
            throw EmbeddedPostgresError(
                .dataDirectoryUnusable, "cannot hand \(path) to the user `\(Self.name)`: \(systemError())")
        }
    }

    /// Checks that this account can enter a directory that root has made or was given.
    func requireAccess(to directory: String) throws {
        guard Self.isNeeded else { return }
        let test = try ChildProcess.output(of: prefix + ["--", "/usr/bin/test", "-x", directory])
        guard test.status == 0 else {
            throw EmbeddedPostgresError(
                .dataDirectoryUnusable,
                """
                the user `\(Self.name)`, which PostgreSQL runs as when root starts it, cannot enter \(directory): \
                choose a data directory that it can reach, for example under /var/lib/agentcorp
                """)
        }
    }
}

/// What `errno` means.
func systemError(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
