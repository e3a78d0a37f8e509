internal import Logging
internal import Queue

/// One of the things that a leading coordinator does again and again.
protocol Duty: Sendable {
    /// For the log.
    var name: String { get }
    /// Does what there is to do; returns how long there is nothing more, unless told.
    func perform() async throws -> Duration
    /// How long until it has something to do, where one look at the tables tells that for several.
    func due(_ times: DueTimes) -> Duration?
}

extension Duty {
    func due(_ times: DueTimes) -> Duration? { nil }

    /// Does the same in every shard; returns how long until one of them has more to do, at most `patience`.
    func untilDue(
        in shards: [Int16], atMost patience: Duration, _ body: (_ shard: Int16) async throws -> Duration?
    ) async throws -> Duration {
        var pause = patience
        for shard in shards {
            if let due = try await body(shard) { pause = min(pause, due) }
        }
        return pause
    }
}

/// Performs a duty while this process leads.
struct DutyLoop: Sendable {
    let duty: any Duty
    let leadership: Leadership
    let logger: Logger
    /// There is something to do.
    let signal = Signal()

    func run() async {
        var outage = Outage()
        while !Task.isCancelled {
            guard leadership.isHeld else {
                await signal.wait(for: .seconds(5))
                continue
            }
            do {
                let pause = try await duty.perform()
                outage.isOver(logger)
                await signal.wait(for: max(pause, .milliseconds(1)))
            } catch {
                guard !Task.isCancelled else { return }
                var logger = logger
                logger[metadataKey: "duty"] = "\(duty.name)"
                await outage.pause(error, logger)
            }
        }
    }
}
