import ArgumentParser
import Postgres
import Queue

/// `agentcorp doctor`: examines the installation and mends what can be mended safely.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Examine the database and the processes, and say how to mend what is wrong.",
        discussion: """
            EXAMPLES
              agentcorp doctor
              agentcorp doctor --fix
              agentcorp doctor --json | jq -r '.[] | select(.severity == "error").found'

            The exit code is 0 when all is well (notes do not count), 1 with warnings, 2 with errors. --fix runs the \
            statements that destroy nothing: vacuum, rebuilding of indexes, closing what has ended, recounts. \
            All others are for you to run.
            """)

    @Flag(name: .shortAndLong, help: "Also list what is in order.") var all = false
    @Flag(help: "Run the statements that are safe, and look again.") var fix = false
    @Flag(help: "Print JSON: an array with a line for each finding.") var json = false
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let address = try connection.resolve()
        // A pooler in between must not keep the doctor from looking.
        let findings = try await address.withPool(size: 2, statements: .unnamed) { pool in
            let doctor = Doctor(pool, configuration: address.configuration, listener: address.listener)
            let found = try await doctor.examine()
            guard fix, try await mend(found, with: doctor) else { return found }
            return try await doctor.examine()
        }
        if json {
            try ListingOptions.printJSON(findings)
        } else {
            FindingsReport(findings, showsAll: all).print()
        }
        switch findings.map(\.severity).max() {
        case .error: throw ExitStatus.erred
        case .warning: throw ExitStatus.warned
        default: break
        }
    }

    /// Says whether there was anything to run.
    private func mend(_ findings: [Finding], with doctor: Doctor) async throws -> Bool {
        var fixes: [String] = []
        for case let fix? in findings.filter(\.isSafe).map(\.fix) where !fixes.contains(fix) { fixes.append(fix) }
        for fix in fixes {
            do {
                try await doctor.apply(fix)
                Terminal.errors.note(.green, "done", fix)
            } catch {
                Terminal.errors.note(.red, "failed", "\(fix): \(error)")
            }
        }
        return !fixes.isEmpty
    }
}
