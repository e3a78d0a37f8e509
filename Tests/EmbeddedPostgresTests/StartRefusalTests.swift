import FoundationEssentials
import Glibc
import Logging
import TestSupport
import Testing

@testable import EmbeddedPostgres

@Suite struct StartRefusalTests {
    /// Starts a server that must not start, and returns why.
    func refusal(of configuration: EmbeddedPostgresConfiguration) async throws -> EmbeddedPostgresError {
        do {
            let server = try await EmbeddedPostgres.start(configuration, logger: Logger(label: "test"))
            await server.stop(mode: .immediate)
        } catch let error as EmbeddedPostgresError {
            return error
        }
        throw TestSupportError("the server started")
    }

    @Test("a directory without server programs is named, with what to install")
    func missingBinaries() async throws {
        try await ScratchDirectory.use { scratch in
            var configuration = scratch.configuration
            configuration.binaries = "/nowhere/bin"
            let error = try await refusal(of: configuration)
            #expect(error.code == .binariesNotFound)
            #expect(error.message.contains("/nowhere/bin"))
            #expect(error.message.contains("apt-get install"))
        }
    }

    @Test("a socket path over 107 bytes is refused before anything is made")
    func longSocketPath() async throws {
        try await ScratchDirectory.use { scratch in
            var configuration = scratch.configuration
            configuration.socketDirectory = scratch.path + "/" + String(repeating: "s", count: 90)
            let error = try await refusal(of: configuration)
            #expect(error.code == .socketDirectoryUnusable)
            #expect(error.message.contains("107"))
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/data"))
        }
    }

    @Test("data of another major version is refused with both versions and advice, and left alone")
    func otherMajorVersion() async throws {
        try await ScratchDirectory.use { scratch in
            let data = scratch.path + "/data"
            try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
            try Data("9\n".utf8).write(to: URL(filePath: data + "/PG_VERSION"))
            let error = try await refusal(of: scratch.configuration)
            #expect(error.code == .versionMismatch)
            #expect(error.message.contains("PostgreSQL 9"))
            #expect(error.message.contains("pg_dump"))
            #expect(DataDirectory.read(data + "/PG_VERSION") == "9\n")
        }
    }

    @Test("a server that refuses its settings fails the start with the end of its log")
    func badSetting() async throws {
        try await ScratchDirectory.use { scratch in
            var configuration = scratch.configuration
            configuration.settings["shared_buffers"] = "plenty"
            let error = try await refusal(of: configuration)
            #expect(error.code == .startFailed)
            #expect(error.message.contains("shared_buffers"))
            #expect(error.message.contains("server.log"))
        }
    }

    @Test("a socket directory that others can enter is refused")
    func openSocketDirectory() async throws {
        try await ScratchDirectory.use { scratch in
            let account = try ServiceAccount.current()
            try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: true)
            let chosen = try SocketDirectory.prepare(
                named: nil, for: DataDirectory(scratch.path + "/data"), as: account)
            chmod(chosen.path, 0o777)
            let error = try await refusal(of: scratch.configuration)
            #expect(error.code == .socketDirectoryUnusable)
            rmdir(chosen.path)
        }
    }

    @Test("a socket directory that another server uses is refused, and that server goes on")
    func socketInUse() async throws {
        try await ScratchDirectory.use { scratch in
            var one = scratch.configuration
            one.socketDirectory = scratch.path + "/s"
            let server = try await EmbeddedPostgres.start(one, logger: Logger(label: "test"))
            var two = one
            two.dataDirectory = scratch.path + "/other"
            let error = try await refusal(of: two)
            #expect(error.code == .startFailed)
            #expect(error.message.contains(".s.PGSQL.5432.lock"))
            #expect(try await psql("select 1", on: server) == "1")
            await server.stop()
        }
    }

    @Test("a place that cannot be created is named")
    func unusableParent() async throws {
        let configuration = EmbeddedPostgresConfiguration(dataDirectory: "/proc/nowhere/data")
        let error = try await refusal(of: configuration)
        #expect(error.code == .dataDirectoryUnusable)
        #expect(error.message.contains("/proc/nowhere"))
    }
}
