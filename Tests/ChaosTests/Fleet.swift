import Foundation
import TestSupport

/// Real `agentcorp` processes that are killed and started again.
///
/// Beats are short, so that the dead are noticed within a second.
final class Fleet {
    private enum Role {
        case worker
        case coordinator

        var arguments: [String] {
            switch self {
            case .worker: ["worker", "--queues", "default,io", "--concurrency", "20", "--beat", "200ms"]
            case .coordinator: ["coordinator", "--beat", "200ms"]
            }
        }
    }

    private struct Member {
        let role: Role
        var process: TestProcess
        var isStopped = false
    }

    private let dsn: String
    private var members: [Member] = []
    private var random: SeededGenerator
    private(set) var kills = 0

    init(dsn: String, workers: Int, coordinators: Int, seed: UInt64) throws {
        self.dsn = dsn
        random = SeededGenerator(seed: seed)
        for _ in 0..<workers { try add(.worker) }
        for _ in 0..<coordinators { try add(.coordinator) }
    }

    private func add(_ role: Role) throws {
        members.append(Member(role: role, process: try start(role)))
    }

    private func start(_ role: Role) throws -> TestProcess {
        try TestProcess.start(
            TestProcess.agentcorp, role.arguments + ["--log-level", "error"],
            environment: ["AGENTCORP_DATABASE": dsn])
    }

    /// Does one random evil: kills a process and starts another, or freezes one for longer than its beats allow, or wakes it.
    func harass() throws {
        let index = Int.random(in: members.indices, using: &random)
        if members[index].isStopped {
            members[index].process.signal(SIGCONT)
            members[index].isStopped = false
        } else if members[index].role == .worker, Int.random(in: 0..<5, using: &random) == 0 {
            members[index].process.signal(SIGSTOP)
            members[index].isStopped = true
        } else {
            members[index].process.kill()
            members[index].process = try start(members[index].role)
            kills += 1
        }
    }

    /// Wakes whoever is frozen.
    func calm() {
        for index in members.indices where members[index].isStopped {
            members[index].process.signal(SIGCONT)
            members[index].isStopped = false
        }
    }

    func killAll() {
        for member in members { member.process.kill() }
    }
}
