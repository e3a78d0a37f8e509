internal import Postgres

/// Finished attempts as the arrays that `agentcorp.work` takes: plain completions as columns, everything else as JSON.
struct FinishReport {
    var tasks: [Int64] = []
    var attempts: [Int16] = []
    var ranMilliseconds: [Float] = []
    var outputTasks: [Int64] = []
    var outputs: [PostgresJSON] = []
    var others: PostgresJSON?

    init(_ finished: [FinishedTask]) throws {
        var rest: [Other] = []
        tasks.reserveCapacity(finished.count)
        attempts.reserveCapacity(finished.count)
        ranMilliseconds.reserveCapacity(finished.count)
        // Ascending ids: the order in which fences are taken everywhere, so that two calls never wait for each other.
        for task in finished.sorted(by: { $0.key.task < $1.key.task }) {
            guard case .completed(let output) = task.outcome else {
                rest.append(Other(task))
                continue
            }
            tasks.append(task.key.task)
            attempts.append(task.key.attempt)
            ranMilliseconds.append(task.ran.milliseconds)
            if let output {
                outputTasks.append(task.key.task)
                outputs.append(output)
            }
        }
        if !rest.isEmpty { others = try JSONCoding.encode(rest) }
    }

    private struct Other: Encodable {
        let task: Int64
        let attempt: Int16
        let outcome: String
        let ranMilliseconds: Float
        var error: TaskFailure?
        var retry: Bool?
        var delayMilliseconds: Double?
        var join: JSONValue?

        enum CodingKeys: String, CodingKey {
            case task, attempt, outcome, error, retry, join
            case ranMilliseconds = "ran_ms"
            case delayMilliseconds = "delay_ms"
        }

        init(_ finished: FinishedTask) {
            task = finished.key.task
            attempt = finished.key.attempt
            ranMilliseconds = finished.ran.milliseconds
            switch finished.outcome {
            case .completed: outcome = "completed"
            case .failed(let failure, let isPermanent, let delay):
                outcome = "failed"
                error = failure
                retry = !isPermanent
                delayMilliseconds = delay.map { Double($0.milliseconds) }
            case .cancelled(let failure):
                outcome = "cancelled"
                error = failure
            case .skipped(let failure):
                outcome = "skipped"
                error = failure
            case .suspended(let join, let limit):
                outcome = "suspended"
                delayMilliseconds = limit.map { Double($0.milliseconds) }
                self.join = join.flatMap { try? JSONCoding.decode($0.bytes) }
            case .snoozed(let delay):
                outcome = "snoozed"
                delayMilliseconds = Double(delay.milliseconds)
            }
        }
    }
}

extension Duration {
    fileprivate var milliseconds: Float {
        Float(components.seconds) * 1000 + Float(Double(components.attoseconds) / 1e15)
    }
}
