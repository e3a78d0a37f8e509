import FoundationEssentials
import Glibc
import TestSupport
import Testing
import Worker

@testable import Kinds

@Suite("cancelling a command")
struct CommandCancellationTests {
    /// Runs a script, cancels it when it has written the file `ready`, and returns how long its end took.
    private func cancel(
        _ script: String, in scratch: Scratch, grace: Duration = .seconds(2)
    ) async throws -> Duration {
        let run = Task { try await runScript(script, in: scratch, grace: grace) }
        try await waitUntil("the script's start") { scratch.has("ready") }
        let start = ContinuousClock.now
        run.cancel()
        let error = await failure { try await run.value }
        #expect(error is CancellationError)
        return ContinuousClock.now - start
    }

    @Test("it ends at once, with its grandchildren")
    func group() async throws {
        let scratch = try Scratch()
        let took = try await cancel(
            "sleep 1000 & echo $! > child; (sleep 1000 & echo $! > grandchild; wait) & echo $$ > self; "
                + "while ! test -s grandchild; do sleep 0.01; done; touch ready; wait", in: scratch,
            grace: .seconds(300))
        #expect(took < .seconds(100))
        for name in ["self", "child", "grandchild"] {
            let pid = try #require(scratch.read(name))
            try await waitUntil("the end of \(name)") { !isAlive(pid) }
        }
    }

    @Test("one that ignores SIGTERM is killed after its grace")
    func deaf() async throws {
        let scratch = try Scratch()
        let took = try await cancel(
            "trap '' TERM; sleep 1000 & echo $! > child; echo $$ > self; touch ready; wait; sleep 1000", in: scratch,
            grace: .milliseconds(300))
        #expect(took > .milliseconds(290) && took < .seconds(100))
        for name in ["self", "child"] {
            let pid = try #require(scratch.read(name))
            try await waitUntil("the end of \(name)") { !isAlive(pid) }
        }
    }

    @Test("a child that ignores SIGTERM is killed though its parent heeded it")
    func deafChild() async throws {
        let scratch = try Scratch()
        _ = try await cancel(
            "sh -c 'trap \"\" TERM; echo $$ > child; touch ready; while true; do sleep 1; done' & wait", in: scratch,
            grace: .milliseconds(300))
        let pid = try #require(scratch.read("child"))
        try await waitUntil("the end of the child") { !isAlive(pid) }
    }

    @Test("it may use its grace to clean up, also below a shell, and to print")
    func grace() async throws {
        let scratch = try Scratch()
        _ = try await cancel(
            "sh -c 'trap \"head -c 200000 /dev/zero; sleep 0.2; echo yes > cleaned; exit\" TERM; touch ready; "
                + "while true; do sleep 0.01; done'; true", in: scratch, grace: .seconds(300))
        #expect(scratch.read("cleaned") == "yes")
    }

    @Test("one that is cancelled before it starts does not start")
    func early() async throws {
        let scratch = try Scratch()
        let run = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await runScript("touch started", in: scratch)
        }
        #expect(await failure { try await run.value } is CancellationError)
        #expect(!scratch.has("started"))
    }

    @Test("what a program leaves behind is killed when it ends by itself, and holds nobody up")
    func leftovers() async throws {
        let scratch = try Scratch()
        let start = ContinuousClock.now
        #expect(try await runScript("sleep 1000 & echo $! > child; echo done", in: scratch) == #""done""#)
        #expect(try await runScript("yes >&2 & echo $! > loud; echo done", in: scratch) == #""done""#)
        #expect(ContinuousClock.now - start < .seconds(100))
        for name in ["child", "loud"] {
            let pid = try #require(scratch.read(name))
            try await waitUntil("the end of \(name)") { !isAlive(pid) }
        }
    }

    @Test("a guard that is killed is followed by another one, which knows the groups")
    func guardKilled() async throws {
        let scratch = try Scratch()
        let run = Task { try await runScript("echo $$ > self; sleep 1000", in: scratch) }
        try await waitUntil("the command and its guard") { scratch.read("self") != nil && !guards().isEmpty }
        let first = guards()
        for guardian in first { Glibc.kill(guardian, SIGKILL) }
        try await waitUntil("another guard") { !Set(guards()).subtracting(first).isEmpty }
        run.cancel()
        #expect(await failure { try await run.value } is CancellationError)
    }

    /// The shells of this process that guard its commands.
    private func guards() -> [pid_t] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.compactMap { process in
            guard let pid = pid_t(process), let status = FileManager.default.contents(atPath: "/proc/\(pid)/stat"),
                let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline")
            else { return nil }
            let parent = String(decoding: status, as: UTF8.self).split(separator: ")").last?.split(separator: " ")[1]
            let isGuard = String(decoding: line, as: UTF8.self).contains("while read -r sign group")
            return parent == "\(getpid())" && isGuard ? pid : nil
        }
    }

    @Test("when the worker is gone, the guard kills the groups that still run, and no other")
    func orphans() async throws {
        let scratch = try Scratch()
        let watched = try TestProcess.start("sh", ["-c", "sleep 1000 & echo $! > \(scratch.path)/child; wait"])
        let ended = try TestProcess.start("sleep", ["1000"])
        let stranger = try TestProcess.start("sleep", ["1000"])
        defer { [watched, ended, stranger].forEach { $0.kill() } }
        try await waitUntil("the child") { scratch.read("child") != nil }
        _ = try await TestProcess.run(
            "/bin/sh", ["-c", OrphanGuard.script],
            input: "+ \(watched.pid)\n+ \(ended.pid)\n- \(ended.pid)\n- 1\n")
        #expect(try await watched.waitForExit().status == 128 + SIGKILL)
        let child = try #require(scratch.read("child"))
        try await waitUntil("the end of the child") { !isAlive(child) }
        #expect(ended.isRunning && stranger.isRunning)
    }
}
