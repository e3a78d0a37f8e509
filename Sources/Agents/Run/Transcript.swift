internal import JSON
internal import Providers
internal import Queue

/// A conversation as a model is shown it.
struct Transcript: Sendable {
    let entries: [RunState.Entry]

    init(_ state: RunState) {
        entries = state.messages
    }

    /// The messages, oldest first. Every call has its result directly after it: one that never got any, because its task
    /// ended before, is said to have none.
    func messages() throws -> [ChatMessage] {
        var messages: [ChatMessage] = []
        for entry in entries {
            switch entry.role {
            case .user:
                messages.append(.user(try JSONCoding.decode(entry.content.bytes, as: [ContentPart].self)))
            case .note:
                messages.append(.user(entry.content["text"]?.string ?? ""))
            case .summary:
                messages.append(.user(entry.content.string ?? entry.content.text))
            case .assistant:
                let message: AssistantMessage = try JSONCoding.decode(entry.content.bytes)
                messages.append(.assistant(message))
                let calls = entry.calls ?? []
                guard !calls.isEmpty else { continue }
                messages.append(
                    .toolResults(
                        calls.map { call in
                            ToolResultMessage(
                                toolCallID: call.id,
                                content: Self.edit(call) + (call.result?.text ?? "Not run: the task ended before."),
                                isError: call.result?.isError ?? true)
                        }))
            }
        }
        return messages
    }

    /// A text in place of everything but the latest whole turns.
    struct Digest {
        let text: String
        /// The last message that it stands for.
        let covers: Int
    }

    /// What is left out when the conversation has grown too long: whole turns, the oldest first, so that what stays is at
    /// most half of `limit` tokens. The digest repeats what the task is, and says in a line each what was done; it is made
    /// by rule, so it costs nothing and is the same whoever makes it. Nil when there is nothing to leave out.
    func digest(limit: Int, task: Int64) throws -> Digest? {
        // A turn begins with an answer, or with what a user says; its tool results and notes belong to it.
        let starts = entries.indices.filter { entries[$0].role == .assistant || entries[$0].role == .user }
        guard starts.count > 2 else { return nil }
        var kept = starts.count - 1
        var size = Self.tokens(of: entries[starts[kept]...])
        while kept > 1 {
            let more = Self.tokens(of: entries[starts[kept - 1]..<starts[kept]])
            guard size + more <= limit / 2 else { break }
            size += more
            kept -= 1
        }
        // The first thing that was said and one answer at least must go, or nothing is won.
        guard kept >= 2 else { return nil }
        let covered = entries[..<starts[kept]]
        let lines =
            ["[Earlier messages are left out to make room. What they were:]"]
            + Self.lines(of: covered, you: "You", excerpts: true) { $0.task == task }
        // The latest lines say most about what comes next.
        var text = lines.joined(separator: "\n")
        let most = max(2000, limit * 3 / 4)
        if text.utf8.count > most {
            text = lines[0] + "\n" + Self.excerpt(lines.dropFirst().joined(separator: "\n"), most)
        }
        return Digest(text: text, covers: covered.last!.seq)
    }

    /// The conversation for somebody who was not there, at most about 60,000 characters.
    var retelling: String {
        Self.excerpt(
            Self.lines(of: entries[...], you: "The agent", excerpts: false) { _ in true }.joined(separator: "\n"),
            60_000)
    }

    /// What was said and done, in a line each.
    ///
    /// - Parameters:
    ///   - you: Who has answered and called.
    ///   - excerpts: Whether long texts are shortened, less those for which `matters` holds.
    private static func lines(
        of entries: ArraySlice<RunState.Entry>, you: String, excerpts: Bool, matters: (RunState.Entry) -> Bool
    ) -> [String] {
        func shown(_ text: String, _ limit: Int) -> String { excerpt(text, excerpts ? limit : 10 * limit) }
        return entries.flatMap { entry -> [String] in
            switch entry.role {
            case .summary:
                return [entry.content.string ?? ""]
            case .user:
                let text = ((try? JSONCoding.decode(entry.content.bytes, as: [ContentPart].self)) ?? []).map { part in
                    if case .text(let text) = part { text } else { "(an image)" }
                }.joined(separator: "\n")
                return ["- The user said: " + shown(text, matters(entry) ? 4000 : 300)]
            case .note:
                return ["- A note: " + shown(entry.content["text"]?.string ?? "", 300)]
            case .assistant:
                let text = entry.content["text"]?.string ?? ""
                let said = text.isEmpty ? [] : ["- \(you) said: " + shown(text, 400)]
                return said
                    + (entry.calls ?? []).map { call in
                        "- \(you) called \(call.tool) with \(shown((call.edited ?? call.args)?.text ?? "{}", 200)): "
                            + shown(call.result?.text ?? "no result", 200)
                    }
            }
        }
    }

    /// What the model must know who takes the result for that of its own arguments.
    private static func edit(_ call: RunState.Call) -> String {
        call.edited.map { "[A person has changed the arguments of this call to \($0.text)]\n" } ?? ""
    }

    private static func tokens(of entries: ArraySlice<RunState.Entry>) -> Int {
        entries.reduce(0) { sum, entry in
            sum + 16 + entry.content.bytes.count / 3
                + (entry.calls ?? []).reduce(0) { $0 + 16 + ($1.result?.text.utf8.count ?? 0) / 3 }
        }
    }

    /// Head and tail, with an honest mark between them.
    private static func excerpt(_ text: String, _ limit: Int) -> String {
        guard text.count > limit else { return text }
        let left = text.count - limit
        return "\(text.prefix(limit * 2 / 3)) [... \(left) characters ...] \(text.suffix(limit / 3))"
    }
}
