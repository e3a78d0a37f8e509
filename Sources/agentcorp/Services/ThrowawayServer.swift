import EmbeddedPostgres
import FoundationEssentials
import Glibc
import Logging

/// A private server that lives as long as a command, beside the data of `agentcorp dev` and apart from it.
enum ThrowawayServer {
    private static let mark = "-bench-"

    /// Lends the connection string of a fresh server, and removes the server with all its data afterwards.
    static func with(
        environment: [String: String], binaries: String?, _ body: (String) async throws -> Void
    ) async throws {
        let home = try EmbeddedPostgresConfiguration.defaultDataDirectory(environment: environment, binaries: binaries)
        await removeLeftovers(beside: home)
        let directory = "\(home)\(mark)\(getpid())"
        var configuration = EmbeddedPostgresConfiguration(dataDirectory: directory, binaries: binaries)
        if EmbeddedPostgresConfiguration.offers(library: "pg_stat_statements", binaries: binaries) {
            configuration.settings = ["shared_preload_libraries": "pg_stat_statements"]
        }
        let server = try await EmbeddedPostgres.start(configuration, logger: .silent)
        do {
            try await body(server.dsn)
            await server.stop()
        } catch {
            await server.stop(mode: .immediate)
            await remove(directory)
            throw error
        }
        await remove(directory)
    }

    /// A command that was killed has left its data; the kernel has stopped its server.
    private static func removeLeftovers(beside home: String) async {
        let parent = String(home.prefix(upTo: home.lastIndex(of: "/") ?? home.startIndex))
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] {
            guard let range = name.firstRange(of: mark),
                let pid = pid_t(name[range.upperBound...].prefix { $0.isNumber }),
                kill(pid, 0) != 0, errno == ESRCH
            else { continue }
            await remove(parent + "/" + name[..<range.upperBound] + "\(pid)")
        }
    }

    private static func remove(_ directory: String) async {
        // In a task of its own: it is done also when this one was cancelled.
        await Task {
            try? await EmbeddedPostgres.reset(dataDirectory: directory)
            try? FileManager.default.removeItem(atPath: directory + ".lock")
        }.value
    }
}
