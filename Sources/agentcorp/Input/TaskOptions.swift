import ArgumentParser
import Queue

/// The options of every command that says how tasks are to be executed.
struct TaskOptions: ParsableArguments {
    @Option(help: "The queue to stand in.")
    var queue = "default"

    @Option(help: "0 is the most urgent, 9 the least.")
    var priority = 4

    @Option(help: ArgumentHelp("How often to try, 1 to 1000.", valueName: "n"))
    var maxAttempts = 10

    @Option(help: ArgumentHelp("Stop an attempt that runs longer, as 30s.", valueName: "time"))
    var timeout: TimeSpan?

    @Option(
        help: ArgumentHelp(
            "How long to wait before another attempt, as \"exponential 1s..1h jitter 0.2\", linear or fixed.",
            valueName: "rule"))
    var backoff: String?

    @Option(help: ArgumentHelp("A label to find it by; may be given again.", valueName: "tag"))
    var tag: [String] = []

    func apply(to request: inout TaskRequest) {
        request.queue = queue
        request.priority = priority
        request.maxAttempts = maxAttempts
        request.timeout = timeout?.duration
        request.backoff = backoff
        request.tags = tag
    }
}
