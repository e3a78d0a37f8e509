import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Sandbox

@Suite("A command ends, with everything that it has started, and takes no more than it may", .serialized)
struct CommandLimitTests {
    /// Whether any process of the machine has that word in its command line.
    private func isRunning(_ word: String) -> Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.contains { process in
            guard let id = Int32(process), id != getpid(),
                let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
            else { return false }
            return String(decoding: line, as: UTF8.self).contains(word)
        }
    }

    /// A word that is in the command line of one test's processes only.
    private func word() -> String { "marker-\(UInt64.random(in: 0 ... .max))" }

    @Test("what it leaves behind is killed when it ends", arguments: [Isolation.none] + levels)
    func leftovers(level: Isolation) async throws {
        let scratch = try JailScratch()
        let word = word()
        let start = ContinuousClock.now
        // In its group; in a session of its own, holding the pipe; a daemon by double fork.
        let ending = try await scratch.run(
            """
            sh -c 'sleep 100; : \(word)' &
            setsid sh -c 'sleep 100; : \(word)' &
            setsid sh -c '(trap "" TERM HUP; sh -c "sleep 100; : \(word)" &)' &
            sleep 0.2; echo started
            """, level: level)
        #expect(ending.output.text == "started\n")
        #expect(ending.status == .exited(0))
        #expect(ContinuousClock.now - start < .seconds(60))
        #expect(!isRunning(word))
    }

    @Test("it is told to end when its time is up, and may say a last word", arguments: [Isolation.none] + levels)
    func timeout(level: Isolation) async throws {
        let scratch = try JailScratch()
        let ending = try await scratch.run("trap 'echo bye; exit 3' TERM; sleep 100 & wait", level: level) {
            $0.timeout = .milliseconds(500)
        }
        #expect(ending.isTimedOut)
        #expect(!ending.isSuccess)
        #expect(ending.status == .exited(3))
        #expect(ending.output.text == "bye\n")
    }

    @Test("it is killed when it does not listen, with those in other sessions", arguments: [Isolation.none] + levels)
    func deaf(level: Isolation) async throws {
        let scratch = try JailScratch()
        let word = word()
        let start = ContinuousClock.now
        let ending = try await scratch.run(
            "trap '' TERM; setsid sh -c 'trap \"\" TERM; while :; do sleep 1; : \(word); done' & while :; do :; done",
            level: level
        ) {
            $0.timeout = .milliseconds(300)
            $0.grace = .milliseconds(300)
        }
        #expect(ending.isTimedOut)
        #expect(ending.status == .signaled(SIGKILL))
        #expect(ContinuousClock.now - start < .seconds(60))
        #expect(!isRunning(word))
    }

    @Test("cancelling the task ends it", arguments: levels)
    func cancellation(level: Isolation) async throws {
        let scratch = try JailScratch()
        let word = word()
        let task = Task { try await scratch.run("echo > begun; sleep 100; : \(word)", level: level) }
        try await waitUntil("the command to begin") { scratch.text("jail/begun") != nil }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!isRunning(word))
    }

    // LEAD: this real bomb has stalled the whole machine (load 4700) for all builders, twice. Root is exempt from RLIMIT_NPROC.
    // Use a bounded one (at most 300 forks in all, by a counter in the script), never an unbounded bomb.
    @Test("a fork bomb stays small, and dies", arguments: levels)
    func forkBomb(level: Isolation) async throws {
        let scratch = try JailScratch()
        let word = word()
        let ending = try await scratch.run(
            "i=0; while [ $i -lt 300 ]; do (: \(word); sleep 20) & i=$((i+1)); done; sleep 20", level: level
        ) {
            $0.limits.processes = 50
            $0.timeout = .seconds(2)
        }
        // In a user namespace the kernel counts, and refuses; elsewhere the helper counts, and ends it.
        #expect(ending.isCrowded || level == .namespaces && ending.errors.text.contains("fork"))
        #expect(!isRunning(word))
    }

    @Test("it has limits for time on a processor, memory, files and dumps", arguments: [Isolation.none] + levels)
    func limits(level: Isolation) async throws {
        let scratch = try JailScratch()
        let ending = try await scratch.run("ulimit -t; ulimit -v; ulimit -n; ulimit -c", level: level) {
            $0.limits = ResourceLimits(cpuSeconds: 7, memoryMegabytes: 512, openFiles: 99)
        }
        #expect(ending.output.text == "7\n524288\n99\n0\n")
        let large = try await scratch.run("head -c 3000000 /dev/zero > large; wc -c < large", level: level) {
            $0.limits.fileMegabytes = 1
        }
        #expect(large.output.text.contains("1048576"))
        let greedy = try await scratch.run("perl -e '$x = \"x\" x (1 << 30); print \"LEAK\"'", level: level) {
            $0.limits.memoryMegabytes = 256
        }
        #expect(!greedy.isSuccess)
        #expect(!greedy.output.text.contains("LEAK"))
    }

    @Test("it dumps no core when it crashes")
    func core() async throws {
        let scratch = try JailScratch()
        let ending = try await scratch.run("ulimit -c unlimited; kill -ABRT $$")
        #expect(!ending.isSuccess)
        #expect(scratch.names() == ["inside", "sub"])
    }

    @Test("endless output is read to its end, and kept by both ends")
    func output() async throws {
        let scratch = try JailScratch()
        let ending = try await scratch.run("echo begin; head -c 50000000 /dev/zero | tr '\\0' x; echo; echo end")
        #expect(ending.output.count == 50_000_011)
        #expect(ending.output.text.utf8.count < 70_000)
        #expect(ending.output.text.hasPrefix("begin\nxxx"))
        #expect(ending.output.text.hasSuffix("xxx\nend\n"))
        let endless = try await scratch.run("yes") { $0.timeout = .milliseconds(500) }
        #expect(endless.isTimedOut)
        #expect(endless.output.omitted > 0)
    }

    @Test("it dies with the process that started it, even by kill -9", arguments: levels)
    func workerDeath(level: Isolation) async throws {
        let scratch = try JailScratch()
        let word = word()
        // The helper's control is closed with its worker; here by a helper that is started by hand.
        let message = SandboxedCommand(["/bin/sh", "-c", "setsid sh -c 'sleep 100; : \(word)' & sleep 100; : \(word)"])
            .message(program: "/bin/sh", path: "/usr/bin:/bin", temporary: scratch.root, level: level)
        var helper: HelperProcess? = try HelperProcess(message, in: scratch.jail.root, root: scratch.jail.root)
        try await waitUntil("the command to run") { isRunning(word) }
        let id = helper!.id
        helper = nil
        try await waitUntil("all of it to end") { !isRunning(word) }
        var status: Int32 = 0
        #expect(waitpid(id, &status, 0) == id)
    }
}
