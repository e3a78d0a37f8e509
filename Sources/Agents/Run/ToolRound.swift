internal import JSON
internal import Logging
internal import Postgres
internal import Providers
internal import Queue
internal import Tools
internal import Worker

/// Brings one answer's tool calls a step further: settles a doubt, asks a person, or runs what may run now.
///
/// Calls run in the order in which the model made them; neighbours that change nothing run at the same time.
struct ToolRound: Sendable {
    let run: AgentRun
    let state: RunState
    let answer: RunState.Entry

    private static let parallel = 8

    func perform() async throws -> AgentRun.Round {
        let open = (answer.calls ?? []).filter { $0.result == nil }
        if let doubtful = open.first(where: { $0.state == .ambiguous }) {
            return try await settle(doubtful)
        }
        guard let first = open.first else { return .goOn }
        if question(about: first) != nil { return try await askPeople(open) }
        guard first.effect == .pure else { return try await perform([first]) }
        let group = open.prefix { $0.effect == .pure && question(about: $0) == nil }.prefix(Self.parallel)
        return try await perform(Array(group))
    }

    // MARK: running

    private func perform(_ calls: [RunState.Call]) async throws -> AgentRun.Round {
        let pauses = try await withThrowingTaskGroup(of: (any ToolPause)?.self) { group in
            for call in calls {
                group.addTask {
                    do {
                        try await perform(call)
                        return nil
                    } catch let pause as any ToolPause {
                        return pause
                    }
                }
            }
            return try await group.reduce(into: [any ToolPause]()) { pauses, pause in
                if let pause { pauses.append(pause) }
            }
        }
        for case let pause as EventPause in pauses { throw pause.suspension }
        return pauses.isEmpty ? .goOn : .end(.waitForChildren(join: .settled))
    }

    private func perform(_ call: RunState.Call) async throws {
        guard let arguments = try await run.link.startCall(turn: answer.turn, idx: call.idx) else { return }
        run.context.logger.info("tool called", metadata: ["tool": "\(call.tool)", "turn": "\(answer.turn)"])
        let result: ToolResult
        if let tool = run.toolbox[call.tool] {
            result = try await tool.run(toolCall(call, arguments))
        } else {
            result = ToolResult(
                .string("The tool \(call.tool) is not there any more: the agent has lost it, or this worker lacks it."),
                isError: true)
        }
        let content = run.runtime.scrubber.scrub(result.content).storable
        let shown = OutputCap(run.toolbox[call.tool]?.outputLimit ?? 20_000, whole: "the row of this call").apply(
            content)
        let told = CallResult(content: shown.isCapped ? .string(shown.text) : content, isError: result.isError)
        // As text where it would look like a reference to something that is stored elsewhere.
        let whole = content["$blob"] == nil ? content : .string(content.text)
        do {
            try await run.link.finishCall(
                turn: answer.turn, idx: call.idx, result: told, output: shown.isCapped ? whole : nil,
                isTainted: result.isTainted)
        } catch let error as QueueError where error.code == .tooLarge {
            // It has happened; what the model is told is enough.
            run.context.logger.warning("output of a tool is not kept", metadata: ["error": "\(error)"])
            try await run.link.finishCall(
                turn: answer.turn, idx: call.idx, result: told, output: nil, isTainted: result.isTainted)
        }
    }

    private func toolCall(_ call: RunState.Call, _ arguments: JSONValue) -> ToolCall {
        ToolCall(
            arguments: arguments, key: call.key, context: run.toolbox.limits,
            scope: AgentScope(
                context: run.context, runtime: run.runtime, agent: run.config.name, memory: run.config.memory,
                turn: answer.turn, idx: call.idx),
            logger: run.context.logger)
    }

    // MARK: people

    /// Why a call is not made before a person has seen it; nil: it may be made.
    private func question(about call: RunState.Call) -> (reason: String, title: String)? {
        guard call.state == .planned else { return nil }
        let title = "\(run.config.name) wants to call \(call.tool)"
        // What is done once is not done on the word of a stranger.
        if call.effect == .once, state.isTainted {
            return ("tainted", title + ", after it has read something from outside")
        }
        return run.config.approvals.covers(call.tool) ? ("policy", title) : nil
    }

    private func askPeople(_ calls: [RunState.Call]) async throws -> AgentRun.Round {
        var first: ApprovalRequest?
        for call in calls {
            guard let question = question(about: call) else { continue }
            let request = try await run.link.requestApproval(
                turn: answer.turn, idx: call.idx, reason: question.reason, title: question.title,
                decisions: ["approve", "edit", "reject", "respond"], policy: run.config.approvals,
                fallback: run.config.approvals.fallback?.rawValue, schema: schema(of: call))
            if request.decision == nil, first == nil { first = request }
        }
        // Without one, rules have decided.
        if let first { try await run.context.wait(for: first) }
        return .goOn
    }

    /// What edited arguments must fit.
    private func schema(of call: RunState.Call) -> JSONValue? {
        let schema = run.toolbox[call.tool]?.parameters.value.storable
        // Of a server that means no good: it would look like a reference to something that is stored elsewhere.
        return schema?["$blob"] == nil ? schema : nil
    }

    // MARK: doubt

    private func outcome(
        of call: RunState.Call, _ verify: @Sendable (ToolCall) async throws -> ToolVerification
    ) async throws -> ToolVerification {
        do {
            return try await verify(toolCall(call, call.edited ?? call.args ?? .object([:])))
        } catch {
            try Task.checkCancellation()
            run.context.logger.warning(
                "tool cannot say what became of a call", metadata: ["tool": "\(call.tool)", "error": "\(error)"])
            return .unknown
        }
    }

    /// A call that was started by an attempt that died, and must not happen twice.
    private func settle(_ call: RunState.Call) async throws -> AgentRun.Round {
        switch run.config.ambiguous {
        case .verify:
            if let tool = run.toolbox[call.tool], let verify = tool.verify {
                switch try await outcome(of: call, verify) {
                case .happened(let result):
                    try await run.link.settleCall(
                        turn: answer.turn, idx: call.idx,
                        result: CallResult(
                            content: run.runtime.scrubber.scrub(result.content).storable, isError: result.isError))
                    return .goOn
                case .didNotHappen:
                    try await run.link.settleCall(turn: answer.turn, idx: call.idx, result: nil)
                    return .goOn
                case .unknown: break
                }
            }
            // Nobody knows but perhaps a person.
            fallthrough
        case .ask:
            let request = try await run.link.requestApproval(
                turn: answer.turn, idx: call.idx, reason: "ambiguous",
                title:
                    "\(run.config.name) was interrupted while it called \(call.tool): it may have happened or not. Run it again?",
                decisions: ["again", "respond", "fail"], policy: run.config.approvals,
                // To run it again is never what happens by itself.
                fallback: run.config.approvals.fallback == .reject ? "fail" : nil)
            if request.decision == nil { try await run.context.wait(for: request) }
            return .goOn
        case .fail:
            throw PermanentFailure(
                "\(call.tool) was interrupted: it may have happened or not, and must not happen twice",
                reason: "ambiguous",
                detail: [
                    "tool": .string(call.tool), "turn": .integer(Int64(answer.turn)), "idx": .integer(Int64(call.idx)),
                ])
        }
    }
}
