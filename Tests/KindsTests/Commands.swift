import FoundationEssentials
import Glibc
import Postgres
import Queue
import TestSupport
import Worker

@testable import Kinds

/// Runs a command as its handler does, without a worker.
func runCommand(
    _ arguments: String, input: String = "{}", worker environment: [String: String] = ["PATH": "/usr/bin:/bin"],
    grace: Duration = .seconds(2)
) async throws -> String {
    let handler = CommandHandler(environment: CommandEnvironment(of: environment), grace: grace)
    return try await handler.run(
        CommandArguments(Array(arguments.utf8)), input: Array(input.utf8), key: AttemptKey(task: 12, attempt: 3)
    ).text
}

/// Runs a shell script as a command.
func runScript(
    _ script: String, in scratch: Scratch? = nil, more: String = "", input: String = "{}",
    grace: Duration = .seconds(2)
) async throws -> String {
    let quoted = try JSONCoding.encode(script).text
    let folder = scratch.map { ", \"cwd\": \"\($0.path)\"" } ?? ""
    return try await runCommand(
        "{\"argv\": [\"sh\", \"-c\", \(quoted)]\(folder)\(more)}", input: input, grace: grace)
}

/// What the body throws; nil when it throws nothing.
func failure(_ body: () async throws -> some Sendable) async -> (any Error)? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// Whether a process runs, and is not merely waiting for being collected.
func isAlive(_ pid: String) -> Bool {
    guard let status = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return false }
    let fields = String(decoding: status, as: UTF8.self).split(separator: ")").last ?? ""
    return !fields.hasPrefix(" Z") && !fields.hasPrefix(" X")
}
