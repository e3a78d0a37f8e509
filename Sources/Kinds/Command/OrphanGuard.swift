internal import Glibc
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// Kills the process groups of running commands when this process dies, even by `kill -9`.
///
/// A small shell holds the other end of a socket and knows the groups; the kernel closes the socket with this process,
/// and the shell kills what is left. `PR_SET_PDEATHSIG` cannot do that: it reaches the leader alone, not its children,
/// follows the thread that forked rather than the process, and needs code between fork and exec.
///
/// Not covered: a command whose start this process did not live to announce (well under a millisecond), one that has
/// left its group, and the death of the guard together with this process. A container's or a unit's end covers these.
final class OrphanGuard: Sendable {
    static let shared = OrphanGuard()

    /// Reads `+ 123` and `- 123`; at the end of its input it kills the groups that are left.
    static let script = """
        trap '' HUP INT QUIT TERM
        groups=' '
        while read -r sign group; do
            case $sign in
                +) groups="$groups$group " ;;
                -) case $groups in
                    *" $group "*) groups="${groups%%" $group "*} ${groups#*" $group "}" ;;
                esac ;;
            esac
        done
        for group in $groups; do kill -9 "-$group"; done
        """

    private struct State {
        /// Our end of the socket; nil while no guard runs.
        var socket: Int32?
        var groups: Set<pid_t> = []
    }

    private let state = Mutex(State())

    /// From now on the group dies with this process.
    func watch(_ group: ProcessGroup) {
        state.withLock { state in
            state.groups.insert(group.id)
            if state.socket == nil { start(&state) } else { send("+ \(group.id)", &state) }
        }
    }

    /// The group has ended: its id may become somebody else's.
    func forget(_ group: ProcessGroup) {
        state.withLock { state in
            state.groups.remove(group.id)
            send("- \(group.id)", &state)
        }
    }

    private func send(_ line: String, _ state: inout State) {
        guard let socket = state.socket else { return }
        let bytes = Array((line + "\n").utf8)
        // Never waits and never raises SIGPIPE. A guard that is gone is noticed where its end is awaited.
        _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }

    private func start(_ state: inout State) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else { return }
        state.socket = ends[0]
        // The socket keeps these until the shell reads them.
        for group in state.groups { send("+ \(group)", &state) }
        var options = PlatformOptions()
        options.createSession = true
        let (ours, theirs, platform) = (ends[0], FileDescriptor(rawValue: ends[1]), options)
        // Not structured: it lives as long as the process, and ends with it.
        Task.detached {
            let guarding = try? await Subprocess.run(
                .path("/bin/sh"), arguments: ["-c", Self.script], environment: .custom([:]),
                platformOptions: platform,
                input: .fileDescriptor(theirs, closeAfterSpawningProcess: true), output: .discarded, error: .discarded)
            self.state.withLock { state in
                state.socket = nil
                close(ours)
                // Killed while commands run: another one takes over. Where there is no shell, one try per command is
                // enough.
                if case .signaled = guarding?.terminationStatus, !state.groups.isEmpty { self.start(&state) }
            }
        }
    }
}
