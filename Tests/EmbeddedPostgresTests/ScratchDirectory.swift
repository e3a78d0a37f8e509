import FoundationEssentials
import Glibc
import TestSupport

@testable import EmbeddedPostgres

/// A short private place for one test's server.
struct ScratchDirectory: Sendable {
    let path = "/tmp/agentcorp-scratch-\(getpid())-\(UInt32.random(in: 0..<1_000_000))"

    var configuration: EmbeddedPostgresConfiguration {
        EmbeddedPostgresConfiguration(dataDirectory: path + "/data", settings: ["fsync": "off"])
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Runs a test with a directory that is removed afterwards; takes one of the slots for databases meanwhile.
    static func use(_ body: (ScratchDirectory) async throws -> Void) async throws {
        try await TestSlots.shared.withSlot {
            let scratch = ScratchDirectory()
            defer { scratch.remove() }
            try await body(scratch)
        }
    }
}

/// Runs SQL on an embedded server.
@discardableResult
func psql(_ sql: String, on server: EmbeddedPostgres) async throws -> String {
    try await TestDatabase(name: "agentcorp", dsn: server.dsn).psql(sql)
}
