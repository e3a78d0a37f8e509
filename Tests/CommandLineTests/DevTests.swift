import Glibc
import TestSupport
import Testing

@Suite struct DevTests {
    func start(_ scratch: Scratch, _ arguments: String...) async throws -> TestProcess {
        let dev = try Agentcorp.startAlone(["dev"] + arguments, scratch: scratch)
        try await waitUntil("dev") {
            if !dev.isRunning { throw TestSupportError("dev ended: \(dev.output)\(dev.errors)") }
            return dev.errors.contains("worker started")
        }
        return dev
    }

    func stop(_ dev: TestProcess) async throws {
        dev.signal(SIGINT)
        let result = try await dev.waitForExit()
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test("dev runs tasks, is found by other commands, stops on Ctrl-C and keeps its data")
    func whole() async throws {
        try await Scratch.use { scratch in
            let first = try await start(scratch)
            #expect(first.output.contains("is ready"))
            let run = try await Agentcorp.runAlone(
                "enqueue", "command", "--args", #"{"argv": ["echo", "7"]}"#, "--wait", scratch: scratch)
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output == "7\n")
            let psql = try await Agentcorp.runAlone("psql", "-XAtc", "select 1", scratch: scratch)
            #expect(psql.output == "1\n")

            let second = try await Agentcorp.runAlone("dev", scratch: scratch)
            #expect(second.status == 6)
            #expect(second.errors.contains("runs already"))
            try await stop(first)
            #expect(try await Agentcorp.runAlone("tasks", scratch: scratch).status == 3)

            let again = try await start(scratch)
            #expect(try await Agentcorp.runAlone("tasks", "output", "1", scratch: scratch).output == "7\n")
            try await stop(again)

            let unasked = try await Agentcorp.runAlone("dev", "--reset", scratch: scratch)
            #expect(unasked.status == 2)
            #expect(unasked.errors.contains("--yes"))
            let fresh = try await start(scratch, "--reset", "--yes")
            #expect(try await Agentcorp.runAlone("tasks", "show", "1", scratch: scratch).status == 5)
            try await stop(fresh)
        }
    }

    @Test("after kill -9 the next dev takes over, and an interrupted task runs again")
    func killed() async throws {
        try await Scratch.use { scratch in
            let first = try await start(scratch, "--beat", "500ms")
            // Hangs the first time, and completes the second.
            let script = "[ -e \(scratch.path)/started ] && exit; touch \(scratch.path)/started; sleep 600"
            let id = try await Agentcorp.runAlone(
                "enqueue", "command", "--args", #"{"argv": ["sh", "-c", "\#(script)"]}"#, scratch: scratch
            ).output
            try await waitUntil("the task to run") { scratch.has("started") }
            first.kill()
            _ = try await first.waitForExit()
            let second = try await start(scratch, "--beat", "500ms")
            let watch = try await Agentcorp.runAlone(
                "tasks", "watch", String(id.prefix { $0.isNumber }), scratch: scratch)
            #expect(watch.status == 0, "\(watch.errors)")
            try await stop(second)
        }
    }

    @Test("programs that are not there are named, with what to install")
    func noServer() async throws {
        try await Scratch.use { scratch in
            let result = try await Agentcorp.runAlone(
                "dev", environment: ["AGENTCORP_PG_BIN": "/nonexistent/bin"], scratch: scratch)
            #expect(result.status == 3)
            #expect(result.errors.contains("/nonexistent/bin"))
            #expect(result.errors.contains("apt-get install"))
        }
    }
}
