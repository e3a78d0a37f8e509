internal import JSON

/// The arguments of a `sleep` task.
struct SleepArguments {
    let duration: Duration

    init(_ json: [UInt8]) throws {
        let arguments = try JSONFields(arguments: json, kind: "sleep", known: ["ms", "seconds"])
        // It holds a slot of the worker: whoever wants to wait for days wants `run_at`.
        let day: Double = 86_400
        let milliseconds = try arguments.number("ms", in: 0...day * 1000)
        let seconds = try arguments.number("seconds", in: 0...day)
        switch (milliseconds, seconds) {
        case (let milliseconds?, nil): duration = .milliseconds(milliseconds)
        case (nil, let seconds?): duration = .seconds(seconds)
        default: throw arguments.mistake("ms", "or \"seconds\" must say how long, and only one of them")
        }
    }
}
