internal import Logging
internal import Postgres
internal import Queue

/// Runs a handler and says how the attempt ended.
struct Execution {
    let task: ClaimedTask
    let handler: TaskHandler
    let context: TaskContext

    /// The largest output, in bytes.
    static let maximumOutput = 262_144

    func run() async -> FinishedTask.Outcome? {
        do {
            switch try await handler(context) {
            case .completed(let output):
                if let output, output.bytes.count > Self.maximumOutput {
                    return .failed(
                        TaskFailure(
                            "the output is \(output.bytes.count / 1024) KiB; the limit is 256 KiB", reason: "output"),
                        isPermanent: true, delay: nil)
                }
                return .completed(output: output)
            case .waitForChildren(let join): return .suspended(join: join?.json)
            case .snooze(let delay): return .snoozed(max(delay, .zero))
            case .cancelled(let reason): return .cancelled(TaskFailure(reason, reason: "cancelled"))
            }
        } catch let error as PermanentFailure {
            return .failed(error.failure, isPermanent: true, delay: nil)
        } catch let error as RetryAfter {
            return .failed(error.failure, isPermanent: false, delay: max(error.delay, .zero))
        } catch let error as TaskFailure {
            return .failed(error, isPermanent: false, delay: nil)
        } catch let error as QueueError where error.code == .leaseLost {
            return nil
        } catch is CancellationError {
            return .failed(
                TaskFailure("the handler was cancelled", reason: "cancelled"), isPermanent: false, delay: nil)
        } catch {
            return .failed(TaskFailure("\(error)"), isPermanent: false, delay: nil)
        }
    }
}
