#if canImport(Glibc)
    internal import Glibc
#endif

extension Bench {
    /// How long the program takes until it is there, and how large it is.
    func start(_ database: BenchDatabase) async throws {
        report(.progress("start"))
        var times: [Double] = []
        for _ in 1...20 { times.append(try await database.time(["--version"])) }
        var program = stat()
        guard stat(options.program, &program) == 0 else { throw BenchError("cannot find \(options.program)") }
        section(
            "start",
            [
                Figure("agentcorp --version", .milliseconds, ours: times, target: .atMost(20)),
                Figure("size of the program", .mebibytes, ours: [Double(program.st_size) / 1_048_576]),
            ])
    }
}
