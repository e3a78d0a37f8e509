import Queue

/// Why a tree did not complete, in words.
enum TreeFailure {
    /// Nil when the root, the first node, has completed.
    static func message(of nodes: [TaskNode]) -> String? {
        let root = nodes[0]
        guard root.state != .completed else { return nil }
        let verb = root.state == .failed ? "failed" : "was \(root.state.rawValue)"
        var message = "task \(root.id) \(verb)"
        if let error = root.error { message += ": \(indented(error))" }
        let causes = nodes.dropFirst().filter { $0.state == .failed }
        for cause in causes.prefix(5) {
            message +=
                "\n  task \(cause.id) \(DisplayText.printable(cause.title)) failed: \(indented(cause.error ?? "no message"))"
        }
        if causes.count > 5 { message += "\n  and \(Plural.tasks(causes.count - 5)) more" }
        return message + "\n  more about it: agentcorp tasks show \(causes.first?.id ?? root.id)"
    }

    private static func indented(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { DisplayText.printable(String($0)) }.joined(separator: "\n    ")
    }
}
