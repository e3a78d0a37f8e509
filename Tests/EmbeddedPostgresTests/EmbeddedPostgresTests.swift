import FoundationEssentials
import Glibc
import Logging
import TestSupport
import Testing
import Threads

@testable import EmbeddedPostgres

@Suite struct EmbeddedPostgresTests {
    let logger = Logger(label: "test")

    @Test("data outlives a stop and a new start")
    func restart() async throws {
        try await ScratchDirectory.use { scratch in
            let first = try await EmbeddedPostgres.start(scratch.configuration, logger: logger)
            try await psql("create table t as select 42 as n", on: first)
            await first.stop()
            #expect(EmbeddedPostgres.attach(dataDirectory: scratch.path + "/data") == nil)
            let second = try await EmbeddedPostgres.start(scratch.configuration, logger: logger)
            #expect(try await psql("select n from t", on: second) == "42")
            #expect(second.dsn == first.dsn)
            await second.stop()
        }
    }

    @Test("the defaults keep every commit, listen on no port, and yield to the caller's settings")
    func settings() async throws {
        try await ScratchDirectory.use { scratch in
            var configuration = scratch.configuration
            configuration.settings = ["work_mem": "7MB", "cluster_name": "it's a \\ test"]
            let server = try await EmbeddedPostgres.start(configuration, logger: logger)
            #expect(
                try await psql("show fsync; show synchronous_commit; show full_page_writes", on: server) == "on\non\non"
            )
            #expect(try await psql("select setting from pg_settings where name = 'listen_addresses'", on: server) == "")
            #expect(try await psql("show work_mem", on: server) == "7MB")
            #expect(try await psql("show cluster_name", on: server) == "it's a \\ test")
            #expect(try await psql("select current_database(), current_user", on: server) == "agentcorp|agentcorp")
            await server.stop()
        }
    }

    @Test("two starts at once end with one server: one owns it, the other is attached")
    func concurrentStarts() async throws {
        try await ScratchDirectory.use { scratch in
            async let one = EmbeddedPostgres.start(scratch.configuration, logger: logger)
            async let two = EmbeddedPostgres.start(scratch.configuration, logger: logger)
            let servers = try await [one, two]
            #expect(servers.filter(\.isOwned).count == 1)
            #expect(servers[0].dsn == servers[1].dsn)
            let attached = try #require(servers.first { !$0.isOwned })
            await attached.stop()
            #expect(try await psql("select 1", on: attached) == "1")
            await servers.first { $0.isOwned }?.stop()
            #expect(EmbeddedPostgres.attach(dataDirectory: scratch.path + "/data") == nil)
        }
    }

    @Test("a server that is killed comes back with its data")
    func killedServer() async throws {
        try await ScratchDirectory.use { scratch in
            let server = try await EmbeddedPostgres.start(scratch.configuration, logger: logger)
            try await psql("create table t as select 42 as n", on: server)
            let data = DataDirectory(scratch.path + "/data")
            let pid = try #require(data.runningServer()?.pid)
            kill(pid, SIGKILL)
            try await waitUntil("another server process") {
                if let now = data.runningServer() { now.pid != pid && now.isReady } else { false }
            }
            #expect(try await psql("select n from t", on: server) == "42")
            await server.stop()
        }
    }

    @Test("a supervisor's kill -9 stops its server, and a new start at once succeeds")
    func killedSupervisor() async throws {
        try await ScratchDirectory.use { scratch in
            let path = scratch.path
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                let configuration = EmbeddedPostgresConfiguration(
                    dataDirectory: path + "/data", socketDirectory: path + "/s", settings: ["fsync": "off"])
                let server = try await EmbeddedPostgres.start(configuration, logger: Logger(label: "child"))
                try await psql("create table t as select 42 as n", on: server)
                kill(getpid(), SIGKILL)
            }
            let again = try await EmbeddedPostgres.start(scratch.configuration, logger: logger)
            #expect(again.isOwned)
            #expect(try await psql("select n from t", on: again) == "42")
            await again.stop()
        }
    }

    @Test("a supervisor's kill -9 stops its server even when nobody starts it again")
    func orphan() async throws {
        try await ScratchDirectory.use { scratch in
            let path = scratch.path
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                let configuration = EmbeddedPostgresConfiguration(
                    dataDirectory: path + "/data", socketDirectory: path + "/s", settings: ["fsync": "off"])
                _ = try await EmbeddedPostgres.start(configuration, logger: Logger(label: "child"))
                kill(getpid(), SIGKILL)
            }
            try await waitUntil("the orphan's end", timeout: .seconds(10)) {
                DataDirectory(path + "/data").runningServer() == nil
            }
        }
    }

    @Test("an initialisation that was killed halfway is cleared away and done again")
    func halfInitialised() async throws {
        try await ScratchDirectory.use { scratch in
            let left = scratch.path + "/data.new-1-2"
            try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
            try Data("15".utf8).write(to: URL(filePath: left + "/PG_VERSION"))
            let server = try await EmbeddedPostgres.start(scratch.configuration, logger: logger)
            #expect(!FileManager.default.fileExists(atPath: left))
            await server.stop()
        }
    }

    @Test("a first start that is killed at any moment does not hinder the next one")
    func killedFirstStart() async throws {
        try await ScratchDirectory.use { scratch in
            let path = scratch.path
            for milliseconds: UInt32 in [20, 300, 700, 1100, 1500] {
                await #expect(processExitsWith: .signal(SIGKILL)) {
                    [path = path as String, milliseconds = milliseconds as UInt32] in
                    try startThread {
                        usleep(milliseconds * 1000)
                        kill(getpid(), SIGKILL)
                    }
                    let configuration = EmbeddedPostgresConfiguration(
                        dataDirectory: path + "/data", socketDirectory: path + "/s")
                    _ = try await EmbeddedPostgres.start(configuration, logger: Logger(label: "child"))
                    try await untilCancelled()
                }
            }
            let server = try await EmbeddedPostgres.start(scratch.configuration, logger: logger)
            #expect(try await psql("select 1", on: server) == "1")
            await server.stop()
            let left = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            #expect(left == ["data", "data.lock", "s"])
        }
    }

    @Test("reset removes the data, but not under a running server and not what is something else's")
    func reset() async throws {
        try await ScratchDirectory.use { scratch in
            let data = scratch.path + "/data"
            try await EmbeddedPostgres.reset(dataDirectory: data)
            let server = try await EmbeddedPostgres.start(scratch.configuration, logger: logger)
            await #expect(
                performing: { try await EmbeddedPostgres.reset(dataDirectory: data) }, throws: { code($0) == .inUse })
            await server.stop()
            try await EmbeddedPostgres.reset(dataDirectory: data)
            #expect(!FileManager.default.fileExists(atPath: data))

            try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
            try Data("mine".utf8).write(to: URL(filePath: data + "/letter.txt"))
            await #expect(
                performing: { try await EmbeddedPostgres.reset(dataDirectory: data) },
                throws: { code($0) == .dataDirectoryUnusable })
            await #expect(
                performing: { try await EmbeddedPostgres.start(scratch.configuration, logger: logger) },
                throws: { code($0) == .dataDirectoryUnusable })
            #expect(FileManager.default.fileExists(atPath: data + "/letter.txt"))
        }
    }
}

func code(_ error: any Error) -> EmbeddedPostgresError.Code? { (error as? EmbeddedPostgresError)?.code }
