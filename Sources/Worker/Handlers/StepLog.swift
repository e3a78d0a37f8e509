internal import Postgres
internal import Queue
internal import Synchronization

/// The steps of one execution: what earlier ones recorded, read at once when the first step is asked for, and which names
/// this one has used.
final class StepLog: Sendable {
    /// Larger values are read one by one, when they are asked for.
    private static let inlineBytes = 8192

    private struct State {
        var recorded: Task<[String: PostgresJSON?], any Error>?
        var uses: [String: Int] = [:]
        var open: Set<String> = []
    }

    private let state = Mutex(State())

    /// Gives a step its name: the second `fetch` of an execution is `fetch#2`, the third `fetch#3`.
    ///
    /// That is the same in every attempt only when they run one after the other, so two that run at once are refused.
    func named<Value>(_ name: String, _ body: (String) async throws -> Value) async throws -> Value {
        if name.isEmpty || name.count > 480 || name.contains(/#[0-9]+$/) {
            throw PermanentFailure(
                "\"\(name)\" cannot be the name of a step: it is empty, over 480 characters, or ends in # and a number",
                reason: "step")
        }
        let use = state.withLock { state in
            state.open.insert(name).inserted ? state.uses[name, default: 0] + 1 : nil
        }
        guard let use else {
            throw PermanentFailure(
                "step \"\(name)\" runs already: steps that run at once need different names", reason: "step")
        }
        do {
            let value = try await body(use == 1 ? name : "\(name)#\(use)")
            close(name, uses: use)
            return value
        } catch {
            // It was not recorded, so the next one of that name takes its place.
            close(name, uses: use - 1)
            throw error
        }
    }

    private func close(_ name: String, uses: Int) {
        state.withLock { state in
            state.open.remove(name)
            state.uses[name] = uses
        }
    }

    /// The value that an earlier execution recorded, or nil.
    func recorded(_ name: String, _ link: TaskLink) async throws -> PostgresJSON? {
        let load = state.withLock { state in
            if let load = state.recorded { return load }
            let load = Task { try await link.steps(inlineBytes: Self.inlineBytes) }
            state.recorded = load
            return load
        }
        do {
            guard let found = try await load.value[name] else { return nil }
            if let value = found { return value }
            return try await link.step(name)
        } catch {
            state.withLock { $0.recorded = nil }
            throw error
        }
    }
}
