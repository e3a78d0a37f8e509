import Glibc
import Synchronization

/// The lock that says which process owns a data directory: held for as long as that process runs the server.
///
/// The kernel drops it when the process ends in whatever way, so it is never stale.
final class DirectoryLock: Sendable {
    private let descriptor: Mutex<Int32?>

    private init(_ descriptor: Int32) { self.descriptor = Mutex(descriptor) }

    /// Takes the lock at `path`.
    ///
    /// - Returns: nil when another holder has it.
    static func tryAcquire(_ path: String) throws -> DirectoryLock? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw EmbeddedPostgresError(
                .dataDirectoryUnusable,
                "cannot open the lock file \(path): \(systemError()); does the data directory belong to another user?")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw EmbeddedPostgresError(
                    .dataDirectoryUnusable, "cannot lock \(path): \(systemError(code)); is it on a network file system?"
                )
            }
            return nil
        }
        return DirectoryLock(descriptor)
    }

    /// Gives the lock up; safe to call again.
    func release() {
        descriptor.withLock {
            if let open = $0 { close(open) }
            $0 = nil
        }
    }

    deinit { release() }
}
