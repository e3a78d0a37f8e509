internal import JSON
internal import Logging
internal import Postgres
internal import Providers
internal import Queue
internal import Tools
internal import Worker

/// An agent at work on its task.
///
/// Each round reads the rows, decides by them what comes next, and does that one thing, which ends as a row: a tool runs,
/// a model is asked, the task ends. So it can be killed anywhere, and whoever takes the task over goes on from there.
struct AgentRun: Sendable {
    let runtime: AgentRuntime
    let context: TaskContext
    let link: AgentLink
    let arguments: AgentArguments
    let config: AgentConfig
    let version: Int
    let toolbox: Toolbox

    /// What a round came to.
    enum Round {
        case goOn
        case end(TaskResult)
    }

    /// - Parameter state: What the rows say now.
    func run(from state: RunState) async throws -> TaskResult {
        var state = state
        while true {
            try Task.checkCancellation()
            if case .end(let result) = try await round(state) { return result }
            guard let next = try await link.state() else {
                throw PermanentFailure("the run of task \(context.task.id) is gone", reason: "internal")
            }
            state = next
        }
    }

    private func round(_ state: RunState) async throws -> Round {
        let task = context.task.id
        let turns = state.spent.turns
        let earlier = state.spent.earlier
        let answers = state.answers(of: task)
        let notes = state.notes(of: task).filter { $0.turn >= earlier }
        // Covered by a summary, it has been dealt with.
        let last = answers.last { $0.turn == turns }
        if let last, let calls = last.calls, calls.contains(where: { $0.result == nil }) {
            return try await ToolRound(run: self, state: state, answer: last).perform()
        }
        if let last, let answer = try await HandoffTool.answer(to: last, context) {
            return .end(.completed(PostgresJSON(answer.bytes)))
        }
        if notes.contains(where: { $0.turn == turns }) {
            let forced = notes.last { $0.turn == turns && $0.kind == .forced }
            return try await ask(state, forced: forced.map { $0.reason ?? "budget" })
        }
        // Who may answer only once gets no time for tools.
        guard let last else { return try await ask(state, forced: maxTurns == 1 ? "turns" : nil) }
        let forced = notes.last { $0.turn == turns - 1 && $0.kind == .forced }
        if (last.calls ?? []).isEmpty {
            return try await conclude(
                last, repairs: notes.count { $0.kind == .repair }, forced: forced, turns: turns, earlier: earlier)
        }
        if let forced { throw Self.loop(forced.reason ?? "budget", turns: turns) }
        if turns - earlier >= maxTurns {
            throw Self.loop("turns", turns: turns, wasAsked: config.onLoop.action == .answer)
        }
        let guards = LoopGuard(maxTurns: maxTurns, policy: config.onLoop)
        if let reason = guards.reason(turns: turns - earlier, answers: answers.filter { $0.turn > earlier }) {
            guard config.onLoop.action == .answer else { throw Self.loop(reason, turns: turns, wasAsked: false) }
            context.logger.notice("agent forced to answer", metadata: ["reason": "\(reason)", "turns": "\(turns)"])
            try await link.addNote(Note(.forced, after: turns, LoopGuard.text(reason), reason: reason))
            return .goOn
        }
        return try await ask(state, forced: nil)
    }

    /// Answers that may be given, by the task and by the agent.
    var maxTurns: Int {
        min(
            arguments.maxTurns ?? .max, config.maxTurns ?? AgentRuntime.defaultMaxTurns,
            arguments.budget?.turns ?? .max, config.budget?.turns ?? .max)
    }

    /// Takes an answer without tool calls as the task's output, or says what is wrong with it.
    private func conclude(
        _ answer: RunState.Entry, repairs: Int, forced: Note?, turns: Int, earlier: Int
    ) async throws -> Round {
        let message: AssistantMessage = try JSONCoding.decode(answer.content.bytes)
        if turns == earlier, message.refusal != nil || message.text == nil {
            // Somebody has retried the task, and may have changed the agent.
            return try await repair("Try again.", used: 0, turns: turns, repairs: repairs, forced: forced)
        }
        if let refusal = message.refusal {
            throw PermanentFailure("the model declined to answer: \(refusal)", reason: "refusal")
        }
        let finish = answer.finish.map(FinishReason.init(rawValue:))
        if finish == .contentFilter {
            throw PermanentFailure("the provider withheld the model's answer", reason: "refusal")
        }
        let text = message.text ?? ""
        // Half an answer is none, unless there is no room for a whole one.
        if finish == .length || finish == .contextOverflow, forced == nil {
            return try await repair(
                "Your answer was cut off, it was too long. Answer again, and shorter.", used: turns - earlier,
                turns: turns, repairs: repairs,
                forced: forced)
        }
        guard let schema = arguments.schema ?? config.outputJSONSchema else {
            if text.isEmpty {
                return try await repair(
                    "Your answer was empty. Give your answer as text.", used: turns - earlier, turns: turns,
                    repairs: repairs, forced: forced)
            }
            return .end(try .output(text))
        }
        do {
            let value = try StructuredAnswer.value(in: text)
            let violations = schema.violations(of: value)
            if violations.isEmpty { return .end(.completed(PostgresJSON(value.bytes))) }
            let list = violations.prefix(10).map { "- \($0)" }.joined(separator: "\n")
            return try await repair(
                "Your answer does not have the form that was asked for:\n\(list)\nAnswer again with the whole JSON document and nothing else.",
                used: turns - earlier, turns: turns, repairs: repairs, forced: forced)
        } catch let error as JSONTextError {
            return try await repair(
                "Your answer is \(error.description). Answer again with one JSON document and nothing else.",
                used: turns - earlier, turns: turns, repairs: repairs, forced: forced)
        }
    }

    private func repair(
        _ text: String, used: Int, turns: Int, repairs: Int, forced: Note?
    ) async throws -> Round {
        if let forced { throw Self.loop(forced.reason ?? "budget", turns: turns) }
        guard repairs < arguments.repairs, used < maxTurns else {
            throw PermanentFailure(
                "the agent's answer does not fit, after \(repairs) repair\(repairs == 1 ? "" : "s"): \(text)",
                reason: "schema")
        }
        try await link.addNote(Note(.repair, after: turns, text))
        return .goOn
    }

    static func loop(_ reason: String, turns: Int, wasAsked: Bool = true) -> PermanentFailure {
        let what =
            switch reason {
            case "turns": "has used up its turns"
            case "repetition": "makes the same tool call again and again"
            case "stall": "makes tool calls that all fail"
            default: "has used up its budget"
            }
        return PermanentFailure(
            "the agent \(what)\(wasAsked ? ", and gave no answer when it had to" : ""), after \(turns) turn\(turns == 1 ? "" : "s")",
            reason: "loop",
            detail: ["guard": .string(reason), "turns": .integer(Int64(turns))])
    }
}
