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

    @Test("plays the worker", .enabled(if: folder != nil))
    func victim() async throws {
        let folder = try #require(Self.folder)
        async let first = runScript("trap '' TERM; sleep 1000 & echo $$ $! > \(folder)/first; wait")
        async let second = runScript("(sleep 1000 & echo $$ $! > \(folder)/second; wait)")
        _ = try await (first, second)
    }
}
