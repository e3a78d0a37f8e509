internal import JSON

/// Where a task stands in a plan: what `$plan` in its arguments says.
struct PlanPlace: Sendable, Hashable {
    static let member = "$plan"

    /// The row of `plan_version`.
    var version: Int64
    /// Ids from the outermost plan of that version inwards.
    var path: [String]
    /// Which of the tasks that one task of a plan becomes.
    var layer: PlanLayer
    /// The task of the plan that it is part of.
    var scope: Int64
    /// The task that has recorded which versions belong together.
    var run: Int64
    var item: JSONValue?
    var index: Int?
    var round: Int?
    /// The task of the round before.
    var previous: Int64?
    /// Which of several agents: the place in the list.
    var choice: Int?
    /// The agent that was chosen.
    var agent: String?
    /// In a fork: what of it is done again.
    var fork: PlanFork?
}

extension PlanPlace {
    /// Reads the arguments of a task; nil when they are none of a plan's.
    init?(args: JSONValue) {
        guard let place = args[Self.member],
            let version = place["version"]?.int64, let scope = place["in"]?.int64,
            let run = place["run"]?.int64, let path = place["at"]?.string,
            let layer = place["layer"]?.string.flatMap(PlanLayer.init)
        else { return nil }
        self.version = version
        self.scope = scope
        self.run = run
        self.path = path.split(separator: "/").map(String.init)
        self.layer = layer
        item = place["item"]
        index = place["index"]?.int64.map { Int($0) }
        round = place["round"]?.int64.map { Int($0) }
        previous = place["previous"]?.int64
        choice = place["choice"]?.int64.map { Int($0) }
        agent = place["agent"]?.string
        fork = PlanFork(place[PlanFork.member])
    }

    var args: JSONValue {
        var members: [String: JSONValue] = [
            "version": .integer(version), "in": .integer(scope), "run": .integer(run),
            "at": .string(path.joined(separator: "/")),
            "layer": .string(layer.rawValue),
        ]
        members["item"] = item
        members["index"] = index.map { .integer(Int64($0)) }
        members["round"] = round.map { .integer(Int64($0)) }
        members["previous"] = previous.map { .integer($0) }
        members["choice"] = choice.map { .integer(Int64($0)) }
        members["agent"] = agent.map { .string($0) }
        members[PlanFork.member] = fork?.json
        return .object([Self.member: .object(members)])
    }
}

extension JSONValue {
    fileprivate var int64: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }
}
