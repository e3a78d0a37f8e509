import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import Kinds

@Suite("the death of a worker")
struct WorkerDeathTests {
    /// The folder for a copy of these tests that plays the worker and is killed.
    private static let folder = ProcessInfo.processInfo.environment["AGENTCORP_TEST_VICTIM"]

    @Test("kill -9 leaves none of its commands behind, nor their children")
    func kill() async throws {
        let scratch = try Scratch()
        let worker = try TestProcess.start(
            "/proc/self/exe", ["--testing-library", "swift-testing", "--filter", "WorkerDeathTests/victim"],
            environment: ["AGENTCORP_TEST_VICTIM": scratch.path])
        try await waitUntil("the commands' start: \(worker.output)") {
            scratch.read("first") != nil && scratch.read("second") != nil
        }
        worker.kill()
        for name in ["first", "second"] {
            for pid in try #require(scratch.read(name)).split(separator: " ") {
                try await waitUntil("the end of \(name)") { !isAlive(String(pid)) }
            }
        }
    }

    @Test("commands leave no open files behind, however they end")
    func files() async throws {
        let worker = try TestProcess.start(
            "/proc/self/exe", ["--testing-library", "swift-testing", "--filter", "WorkerDeathTests/counter"],
            environment: ["AGENTCORP_TEST_COUNTER": "1"])
        let end = try await worker.waitForExit()
        #expect(end.status == 0, "\(end.output)")
    }

    @Test("counts its open files", .enabled(if: ProcessInfo.processInfo.environment["AGENTCORP_TEST_COUNTER"] != nil))
    func counter() async throws {
        func round() async {
            _ = await failure { try await runScript("true") }
            _ = await failure { try await runScript("exit 1") }
            _ = await failure { try await runScript("yes") }
            _ = await failure { try await runCommand(#"{"argv": ["/no/such/program"]}"#) }
            _ = await failure { try await runCommand(#"{"argv": ["ls"], "cwd": "/no/such/folder"}"#) }
            let cancelled = Task { try await runScript("sleep 1000") }
            cancelled.cancel()
            _ = await failure { try await cancelled.value }
        }
        func openFiles() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        await round()
        let before = try openFiles()
        for _ in 0..<20 { await round() }
        #expect(try openFiles() == before)
    }

    @Test("plays the worker", .enabled(if: folder != nil))
    func victim() async throws {
        let folder = try #require(Self.folder)
        async let first = runScript("trap '' TERM; sleep 1000 & echo $$ $! > \(folder)/first; wait")
        async let second = runScript("(sleep 1000 & echo $$ $! > \(folder)/second; wait)")
        _ = try await (first, second)
    }
}
