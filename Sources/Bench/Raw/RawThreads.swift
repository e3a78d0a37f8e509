internal import Dispatch
internal import Threads

/// Runs plain clients, each with a thread and a connection of its own.
enum RawThreads {
    struct Outcome: Sendable {
        /// What each thread counted.
        var counts: [Int] = []
        /// CPU of the threads, in seconds.
        var cpu = 0.0
    }

    /// Connects `count` sessions, runs `prepare` on each, then, when all are ready and `onStart` has returned, `body` on all.
    static func run(
        _ count: Int, dsn: String, prepare: @escaping @Sendable (RawSession) throws -> Void,
        onStart: () async throws -> Void = {}, body: @escaping @Sendable (RawSession, Int) throws -> Int,
        onEnd: () async throws -> Void = {}
    ) async throws -> Outcome {
        // Threads wait for the start, and for the end: the server's figures are read while the connections are there.
        let (start, end) = (DispatchGroup(), DispatchGroup())
        start.enter()
        end.enter()
        let (events, sender) = AsyncThrowingStream.makeStream(of: Event.self)
        for index in 0..<count {
            try startThread {
                do {
                    let session = try RawSession(dsn)
                    try session.script(RawTables.settings)
                    try prepare(session)
                    sender.yield(.ready)
                    start.wait()
                    let before = ProcessMeter.threadCPU()
                    let done = try body(session, index)
                    sender.yield(.done(done, cpu: ProcessMeter.threadCPU() - before))
                    end.wait()
                } catch {
                    sender.finish(throwing: error)
                }
            }
        }
        var hasStarted = false
        defer {
            if !hasStarted { start.leave() }
            end.leave()
        }
        var outcome = Outcome()
        var ready = 0
        for try await event in events {
            switch event {
            case .ready:
                ready += 1
                guard ready == count else { continue }
                try await onStart()
                hasStarted = true
                start.leave()
            case .done(let number, let cpu):
                outcome.counts.append(number)
                outcome.cpu += cpu
            }
            if outcome.counts.count == count { break }
        }
        try await onEnd()
        return outcome
    }

    private enum Event: Sendable {
        case ready
        case done(Int, cpu: Double)
    }
}
