internal import JSON

/// What a task of a fork has to do again of what its original did; the rest it shares with that.
struct PlanFork: Sendable, Hashable {
    static let member = "fork"

    /// A place below the task.
    struct Cut: Sendable, Hashable {
        /// Names of tasks, from the outermost inwards; empty: the task itself.
        var path: [String]
        /// The last turn of an agent that is kept.
        var turn: Int?
        /// What the agent is told after it.
        var message: String?
        /// What the task is to have brought, instead of being done again.
        var output: JSONValue?
    }

    /// What is to become of a task below.
    enum Part {
        /// Nothing is said of it.
        case unnamed
        case again
        case output(JSONValue)
        /// Some of it is done again, or it goes on from a turn.
        case within([Cut])
    }

    /// The task that did in another run what this one does.
    let original: Int64
    let cuts: [Cut]

    func part(_ name: String) -> Part {
        let below = cuts.filter { $0.path.first == name }.map { cut in
            var cut = cut
            cut.path.removeFirst()
            return cut
        }
        if below.isEmpty { return .unnamed }
        if let output = below.lazy.compactMap({ $0.path.isEmpty ? $0.output : nil }).first { return .output(output) }
        return below.contains { $0.path.isEmpty && $0.turn == nil } ? .again : .within(below)
    }

    /// Where an agent goes on from.
    var turn: Cut? { cuts.first { $0.path.isEmpty && $0.turn != nil } }
}

extension PlanFork {
    init?(_ json: JSONValue?) {
        guard let json, case .integer(let original)? = json["of"], case .array(let cuts)? = json["at"] else {
            return nil
        }
        self.original = original
        self.cuts = cuts.map { cut in
            var turn: Int?
            if case .integer(let number)? = cut["turn"] { turn = Int(clamping: number) }
            var path: [String] = []
            if case .array(let names)? = cut["path"] { path = names.compactMap(\.string) }
            return Cut(
                path: path, turn: turn, message: cut["message"]?.string, output: cut["output"])
        }
    }

    var json: JSONValue {
        .object([
            "of": .integer(original),
            "at": .array(
                cuts.map { cut in
                    var members: [String: JSONValue] = ["path": .array(cut.path.map { .string($0) })]
                    members["turn"] = cut.turn.map { .integer(Int64($0)) }
                    members["message"] = cut.message.map { .string($0) }
                    members["output"] = cut.output
                    return .object(members)
                }),
        ])
    }
}
