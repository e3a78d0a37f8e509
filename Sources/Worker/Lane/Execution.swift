internal import Logging
internal import Postgres
internal import Queue

/// Runs a handler and says how the attempt ended.
struct Execution {
    let task: ClaimedTask
    let handler: TaskHandler
    let context: TaskContext
    /// How long a task is put off that comes upon a payload whose key is not here.
    let missingKeyDelay: Duration

    func run() async -> FinishedTask.Outcome? {
        do {
            switch try await handler(context) {
            case .completed(let output):
                guard let output else { return .completed(output: nil) }
                return await record(output)
            case .waitForChildren(let join): return .suspended(join: join?.json, atMost: context.timeLeft)
            case .snooze(let delay): return .snoozed(limited(delay))
            case .cancelled(let reason): return .cancelled(TaskFailure(reason, reason: "cancelled"))
            case .skipped(let reason): return .skipped(TaskFailure(reason, reason: "skipped"))
            }
        } catch let error as PermanentFailure {
            return .failed(error.failure, isPermanent: true, delay: nil)
        } catch let error as RetryAfter {
            return .failed(error.failure, isPermanent: false, delay: max(error.delay, .zero))
        } catch  where context.suspension.suspension != nil {
            // Also when it comes as another error: of a group whose other members were cancelled, or wrapped.
            switch context.suspension.suspension?.reason {
            case .timer(let left): return .snoozed(limited(left))
            default: return .suspended(join: nil, atMost: context.timeLeft)
            }
        } catch let error as TaskFailure {
            return .failed(error, isPermanent: false, delay: nil)
        } catch let error as QueueError where error.code == .leaseLost {
            return nil
        } catch let error as QueueError where error.code == .missingKey {
            // Another worker may have the key; that is no failure of the task.
            return .snoozed(missingKeyDelay)
        } catch let error as QueueError where error.code == .undecryptable {
            return .failed(TaskFailure("\(error)", reason: "decryption"), isPermanent: true, delay: nil)
        } catch is CancellationError {
            return .failed(
                TaskFailure("the handler was cancelled", reason: "cancelled"), isPermanent: false, delay: nil)
        } catch {
            return .failed(TaskFailure("\(error)"), isPermanent: false, delay: nil)
        }
    }

    private func limited(_ delay: Duration) -> Duration {
        max(min(delay, context.timeLeft ?? delay), .zero)
    }

    /// The work is done: an outage must not undo it, and what the server refuses would be refused again.
    private func record(_ output: PostgresJSON) async -> FinishedTask.Outcome? {
        var outage = Outage()
        while true {
            do {
                return .completed(output: try await context.record(output))
            } catch let error as QueueError where error.code == .leaseLost {
                return nil
            } catch  where Lane.isRejection(error) {
                return .failed(
                    TaskFailure("the output was refused: \(error)", reason: "output"), isPermanent: true, delay: nil)
            } catch  where Task.isCancelled {
                return .failed(
                    TaskFailure("the handler was cancelled", reason: "cancelled"), isPermanent: false, delay: nil)
            } catch {
                await outage.pause(error, context.logger)
            }
        }
    }
}
