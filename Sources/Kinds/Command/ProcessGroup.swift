internal import FoundationEssentials
internal import Glibc

/// The processes that a command has started, and their own, as long as they do not leave its group.
struct ProcessGroup: Sendable {
    /// The process id of the command itself, its leader.
    let id: pid_t

    func kill() {
        _ = Glibc.kill(-id, SIGKILL)
    }

    /// Whether the leader has ended and waits for being collected.
    ///
    /// As long as it does, its id is nobody else's.
    var leaderHasEnded: Bool {
        var info = siginfo_t()
        return waitid(P_PID, id_t(id), &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_signo == SIGCHLD
    }

    private var hasLiveMembers: Bool {
        // Also true for members that have ended and were not collected yet; where nobody collects them, as in a
        // container without an init, they would be waited for in vain.
        guard Glibc.kill(-id, 0) == 0 else { return false }
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.contains { process in
            guard Int(process) != nil, let stat = FileManager.default.contents(atPath: "/proc/\(process)/stat") else {
                return false
            }
            // `123 (name) S 1 456 ...`: the state, the parent and the group. A name may hold anything.
            let fields = stat[((stat.lastIndex(of: UInt8(ascii: ")")) ?? -1) + 1)...].split(
                separator: UInt8(ascii: " "))
            return fields.count > 2 && String(decoding: fields[2], as: UTF8.self) == "\(id)"
                && !"ZX".utf8.contains(fields[0].first ?? 0)
        }
    }

    /// Gives what is left of the group after its leader, and has been told to end, some time to do so; then kills it.
    func killRest(after grace: Duration) async {
        let group = self
        // A task of its own, because this is part of a cancelled one, where no sleep lasts.
        await Task {
            let deadline = ContinuousClock.now + grace
            while group.hasLiveMembers, ContinuousClock.now < deadline {
                try? await Task.sleep(for: .milliseconds(20))
            }
            group.kill()
        }.value
    }
}
