public import JSON

extension Tool {
    /// Runs a call: checks its arguments, stops it when its time is over, and turns whatever goes wrong into a result
    /// that tells the model what happened, where, and what to do.
    ///
    /// The result is not capped: `OutputCap` does that. A tool that is stopped is waited for; when it has a result
    /// nevertheless, that is the one. Throws only `CancellationError`, when the calling task is cancelled, and what is a
    /// `ToolPause`.
    public func run(_ call: ToolCall) async throws -> ToolResult {
        try Task.checkCancellation()
        let violations = parameters.violations(of: call.arguments)
        guard violations.isEmpty else { return refusal(violations) }
        var result = try await withDeadline(call)
        result.isTainted = result.isTainted || isTainting
        return result
    }

    /// The result of a call whose arguments are no JSON object: nothing is run, since nobody knows what was meant.
    ///
    /// - Parameter text: What the model sent.
    public func refusal(ofArguments text: String) -> ToolResult {
        let excerpt = text.count > 800 ? "\(text.prefix(800))..." : text
        return ToolResult(
            .string(
                "\(name) was not run: its arguments are no JSON object, they were: \(excerpt)\n"
                    + "Call it again with a complete JSON object.\(schemaText)"), isError: true)
    }

    /// The result of a call whose arguments do not fit the schema.
    public func refusal(_ violations: [JSONViolation]) -> ToolResult {
        let lines = violations.map { "- \($0.pointer.isEmpty ? "the arguments" : $0.pointer): \($0.message)" }
        return ToolResult(
            .string(
                "\(name) was not run, its arguments do not fit:\n\(lines.joined(separator: "\n"))\n"
                    + "Call it again with these mended.\(schemaText)"), isError: true)
    }

    private var schemaText: String {
        let text = parameters.value.text
        return text.utf8.count > 4000 ? "" : "\nThe schema of its arguments: \(text)"
    }

    private enum Ending {
        case result(ToolResult)
        case failure(any Error)
        case timeIsOver
    }

    private func withDeadline(_ call: ToolCall) async throws -> ToolResult {
        try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask {
                do {
                    return .result(try await self.call(call))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: self.timeout)
                return .timeIsOver
            }
            var isLate = false
            while let ending = try await group.next() {
                switch ending {
                case .result(let result):
                    group.cancelAll()
                    return result
                case .failure(let error):
                    group.cancelAll()
                    try Task.checkCancellation()
                    if error is any ToolPause { throw error }
                    return isLate ? tooLate : failure(error)
                case .timeIsOver:
                    isLate = true
                    group.cancelAll()
                }
            }
            throw CancellationError()
        }
    }

    private var tooLate: ToolResult {
        let advice =
            effect == .once
            ? "Whether it took effect is not known: look before you call it again."
            : "Ask for less at once, or try another way."
        return ToolResult(.string("\(name) took longer than \(timeout) and was stopped. \(advice)"), isError: true)
    }

    private func failure(_ error: any Error) -> ToolResult {
        let text = error is ToolError ? "\(error)" : "\(name) failed: \(error)"
        return ToolResult(.string(text.count > 4000 ? "\(text.prefix(4000))..." : text), isError: true)
    }
}
