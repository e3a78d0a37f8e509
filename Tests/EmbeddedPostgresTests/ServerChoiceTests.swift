import FoundationEssentials
import TestSupport
import Testing

@testable import EmbeddedPostgres

@Suite struct ServerChoiceTests {
    /// Puts programs on a PATH of their own that say they are version 99.
    func makeNewerServer(in directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for name in ["postgres", "initdb"] {
            try Data("#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n".utf8).write(
                to: URL(filePath: "\(directory)/\(name)"))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(directory)/\(name)")
        }
    }

    @Test("the newest installed server is chosen, also when it is not Debian's")
    func newest() async throws {
        try await ScratchDirectory.use { scratch in
            try makeNewerServer(in: scratch.path)
            let all = try ServerBinaries.all(named: nil, environment: ["PATH": scratch.path])
            #expect(all[0].major == 99)
            #expect(all[0].directory == scratch.path)
            #expect(all.count > 1)
            #expect(all.map(\.major) == all.map(\.major).sorted(by: >))
        }
    }

    @Test("the default data directory follows XDG_DATA_HOME and stays with the version that has data there")
    func defaultDirectory() async throws {
        try await ScratchDirectory.use { scratch in
            try makeNewerServer(in: scratch.path + "/bin")
            let environment = ["XDG_DATA_HOME": scratch.path, "PATH": scratch.path + "/bin"]
            let parent = scratch.path + "/agentcorp/pg"
            #expect(try EmbeddedPostgresConfiguration.defaultDataDirectory(environment: environment) == parent + "/99")

            let older = try ServerBinaries.all(named: nil, environment: environment)[1].major
            try FileManager.default.createDirectory(atPath: "\(parent)/\(older)", withIntermediateDirectories: true)
            try Data("\(older)\n".utf8).write(to: URL(filePath: "\(parent)/\(older)/PG_VERSION"))
            #expect(
                try EmbeddedPostgresConfiguration.defaultDataDirectory(environment: environment) == "\(parent)/\(older)"
            )
        }
    }
}
