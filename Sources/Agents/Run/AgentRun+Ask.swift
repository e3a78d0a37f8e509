internal import Crypto
internal import FoundationEssentials
internal import JSON
internal import Logging
internal import Postgres
internal import Providers
internal import Queue
internal import Tools
internal import Worker

extension AgentRun {
    /// Waits that a worker sits out; a longer one frees it.
    private static let shortWait: Duration = .seconds(5)
    /// How often an answer that broke off is asked for again in one attempt.
    private static let interruptions = 2
    /// What a forced answer may take when the budget is short.
    private static let shortAnswer = 1024

    /// Asks the first model that can be asked, and commits its answer.
    func ask(_ state: RunState, forced: String?) async throws -> Round {
        var wait: Duration?
        var failure: ProviderError?
        for model in config.models {
            let provider = try provider(model)
            switch try await ask(model, provider, state, forced: forced) {
            case .committed, .compacted: return .goOn
            case .wait(let time): wait = min(wait ?? time, time)
            case .failed(let error):
                failure = error
                context.logger.warning(
                    "model failed",
                    metadata: ["provider": "\(model.provider)", "model": "\(model.model)", "error": "\(error)"])
            case .exhausted(let reason, let budget):
                return try await exhausted(reason, budget: budget, state, forced: forced)
            }
        }
        if let wait {
            if wait <= Self.shortWait {
                try await Task.sleep(for: wait)
                return .goOn
            }
            context.logger.info("agent waits for its provider", metadata: ["wait": "\(wait)"])
            return .end(.snooze(wait))
        }
        guard let failure else {
            throw PermanentFailure("agent \"\(config.name)\" has no model", reason: "configuration")
        }
        throw self.failure(failure)
    }

    private func provider(_ model: ModelReference) throws -> any Provider {
        do {
            return try runtime.providers.provider(model.provider)
        } catch {
            // Another worker may have the key.
            throw TaskFailure("agent \"\(config.name)\": \(error)", reason: "provider")
        }
    }

    private enum Outcome {
        case committed
        /// There was no room for the conversation; some of it is a summary now.
        case compacted
        case wait(Duration)
        case exhausted(reason: String, budget: Int64?)
        case failed(ProviderError)
    }

    private func ask(
        _ model: ModelReference, _ provider: any Provider, _ state: RunState, forced: String?
    ) async throws -> Outcome {
        let turn = state.spent.turns + 1
        let price = runtime.prices.price(provider: model.provider, model: model.model)
        var request = try request(model.model, state, forced: forced)
        if forced == "budget" {
            request.maxOutputTokens = min(request.maxOutputTokens ?? price?.maxOutput ?? .max, Self.shortAnswer)
        }
        let estimate = TokenEstimate(request, price: price)
        let window = price?.contextWindow ?? AgentRuntime.defaultContextWindow
        let room = max(1000, window - min(estimate.output, window / 2))
        if estimate.input > room, try await compact(state, limit: room) { return .compacted }

        var interrupted = 0
        while true {
            switch try await link.beginTurn(
                turn, provider: model.provider, model: model.model, usd: price.map(estimate.cost),
                tokens: estimate.total)
            {
            case .wait(let time, _): return .wait(time)
            case .exhausted(let reason, let budget): return .exhausted(reason: reason, budget: budget)
            case .granted: break
            }
            let clock = ContinuousClock()
            let began = clock.now
            do {
                let partial = PartialWriter(link, turn: turn, scrubber: runtime.scrubber)
                let response = try await provider.respond(to: request) { await partial.take($0) }
                try await commit(response, of: request, turn: turn, model: model, took: clock.now - began, state)
                return .committed
            } catch let error as ProviderError {
                // What broke off or timed out may have been billed; made again, it is another call.
                try await link.dropTurn(turn, charge: error.code == .interrupted || error.code == .timeout)
                if error.code == .interrupted, interrupted < Self.interruptions {
                    // It was never committed, so nobody has acted on it.
                    interrupted += 1
                    continue
                }
                return try await handle(error, model, state, size: min(window, estimate.input))
            }
        }
    }

    private func handle(
        _ error: ProviderError, _ model: ModelReference, _ state: RunState, size: Int
    ) async throws -> Outcome {
        switch error.code {
        case .contextOverflow:
            // The model knows its window better than the price table: what was sent is too much.
            if try await compact(state, limit: size / 2) { return .compacted }
            return .failed(error)
        case .rateLimited, .overloaded:
            let time = error.retryAfter ?? .seconds(15)
            try await link.coolDown(
                provider: model.provider, model: model.model, for: time, reason: error.code.rawValue)
            return .wait(time)
        default:
            return .failed(error)
        }
    }

    /// Puts a summary in the place of older turns. False when that was done for this turn already, or wins nothing.
    private func compact(_ state: RunState, limit: Int) async throws -> Bool {
        let turns = state.spent.turns
        let compacted = state.messages.contains {
            $0.role == .summary && $0.task == context.task.id && $0.turn == turns
        }
        guard !compacted, let digest = try Transcript(state).digest(limit: limit, task: context.task.id) else {
            return false
        }
        try await link.addSummary(digest.text, after: turns, covers: digest.covers)
        context.logger.info("conversation compacted", metadata: ["covers": "\(digest.covers)"])
        return true
    }

    private func request(_ model: String, _ state: RunState, forced: String?) throws -> ChatRequest {
        ChatRequest(
            model: model, system: config.systemPrompt, messages: try Transcript(state).messages(),
            tools: toolbox.definitions, toolChoice: forced == nil ? .auto : .none,
            outputSchema: (arguments.schema ?? config.outputJSONSchema).map {
                OutputSchema(name: "answer", schema: $0.value)
            },
            maxOutputTokens: config.maxOutputTokens, temperature: config.temperature,
            cacheKey: "agentcorp-\(config.name)-\(version)")
    }

    private func commit(
        _ response: ChatResponse, of request: ChatRequest, turn: Int, model: ModelReference, took: Duration,
        _ state: RunState
    ) async throws {
        var message = try clean(response.message)
        if response.finish == .refusal, message.refusal == nil { message.refusal = message.text ?? "no reason given" }
        let mayRun = request.toolChoice != .none
        let calls = message.toolCalls.enumerated().map { index, call in
            toolbox.plan(call, mayRun: mayRun, index: index, callsBefore: state.spent.calls)
        }
        try await link.commit(
            AgentLink.Turn(
                seq: turn, provider: model.provider, model: response.model, finish: response.finish,
                requestHash: Array(SHA256.hash(data: try JSONCoding.encode(request).bytes)), message: message,
                calls: calls, usage: response.usage,
                cost: response.usage.flatMap {
                    // What was asked for is in the table; what answered may be named more exactly.
                    runtime.prices.cost(of: $0, provider: model.provider, model: response.model)
                        ?? runtime.prices.cost(of: $0, provider: model.provider, model: model.model)
                }, took: took))
    }

    /// The message as rows may have it: a model may repeat a key that it was shown.
    private func clean(_ message: AssistantMessage) throws -> AssistantMessage {
        let json = try JSONValue(parsing: JSONCoding.encode(message).bytes)
        return try JSONCoding.decode(runtime.scrubber.scrub(json).storable.bytes)
    }

    /// The budget is used up: one short answer, if that is still possible.
    private func exhausted(_ reason: String, budget: Int64?, _ state: RunState, forced: String?) async throws -> Round {
        let turns = state.spent.turns
        guard forced == nil, turns > 0, reason == "usd" || reason == "tokens" else {
            let whose = budget.map { $0 == context.task.id ? "" : " of task \($0)" } ?? ""
            let why =
                reason == "unpriced"
                ? "it is in dollars, and the price of the model is not known; give a price in prices.json, or a limit of tokens as well"
                : Self.exhaustion(reason)
                    + "; see `agentcorp budgets list`, raise it with `agentcorp budgets set`, and retry the task"
            throw PermanentFailure(
                "the budget\(whose) does not allow \(turns == 0 ? "a" : "another") model call: \(why)",
                reason: "budget", detail: ["limit": .string(reason), "turns": .integer(Int64(turns))])
        }
        try await link.addNote(Note(.forced, after: turns, LoopGuard.text("budget"), reason: "budget"))
        return .goOn
    }

    private static func exhaustion(_ limit: String) -> String {
        switch limit {
        case "time": "its time is over"
        case "turns": "its turns are used up"
        default: "the call may take more \(limit == "usd" ? "dollars" : limit) than are left"
        }
    }

    /// What the task fails with, for now or for good.
    private func failure(_ error: ProviderError) -> any Error {
        let message = runtime.scrubber.scrub(error.description)
        if error.isRetryable { return TaskFailure(message, reason: "provider") }
        // Somebody has to mend these; the run goes on from its last turn when it is retried.
        return PermanentFailure(message, reason: error.code == .contextOverflow ? "context_overflow" : "provider")
    }
}
