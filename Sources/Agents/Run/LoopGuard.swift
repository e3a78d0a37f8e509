internal import JSON

/// Notices that an agent gets nowhere, by what it has done.
struct LoopGuard: Sendable {
    /// How many answers it may give.
    let maxTurns: Int
    let policy: LoopPolicy

    /// Why it must come to an end after these answers; nil when it need not.
    func reason(turns: Int, answers: [RunState.Entry]) -> String? {
        // The last turn is the one in which it has to say what it has, if it is to have one.
        if turns >= (policy.action == .answer ? maxTurns - 1 : maxTurns), maxTurns > 1 { return "turns" }
        let calls = answers.flatMap { $0.calls ?? [] }
        var counts: [String: Int] = [:]
        for call in calls.suffix(policy.window) {
            counts[call.tool + " " + (call.args?.text ?? ""), default: 0] += 1
        }
        if counts.values.contains(where: { $0 >= policy.repetitions }) { return "repetition" }
        let latest = answers.suffix(policy.stalls)
        if latest.count == policy.stalls,
            latest.allSatisfy({ answer in
                guard let calls = answer.calls, !calls.isEmpty else { return false }
                return calls.allSatisfy { $0.result?.isError == true }
            })
        {
            return "stall"
        }
        return nil
    }

    /// What the model is told when it has to come to an end.
    static func text(_ reason: String) -> String {
        let why =
            switch reason {
            case "turns": "This was the last round with tools."
            case "repetition": "You have made the same tool call several times, and its result does not change."
            case "stall": "Your tool calls have failed several times in a row."
            default: "The budget of this task is used up."
            }
        return why + " Give your final answer now, from what you know, without calling tools; say what is missing."
    }
}
