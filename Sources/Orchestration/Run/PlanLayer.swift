internal import Plans

/// One task of a plan may become several tasks, one in the other: for each element, by each agent, round after round.
enum PlanLayer: String, Sendable {
    case each, agents, rounds, route, verb
}

extension PlanTask {
    /// From the outermost inwards; the last one is the verb.
    var layers: [PlanLayer] {
        var layers: [PlanLayer] = []
        if each != nil { layers.append(.each) }
        if case .agent(let choices, _) = verb, choices.count > 1 { layers.append(.agents) }
        if loop != nil { layers.append(.rounds) }
        if case .agent(let choices, _) = verb, choices.contains(where: \.isByRole) { layers.append(.route) }
        return layers + [.verb]
    }

    func layer(below layer: PlanLayer) -> PlanLayer {
        let layers = layers
        guard let place = layers.firstIndex(of: layer), place + 1 < layers.count else { return .verb }
        return layers[place + 1]
    }

    /// The kind of the task that a layer becomes.
    func kind(of layer: PlanLayer) -> String {
        switch layer {
        case .each, .agents: "each"
        case .rounds: "repeat"
        case .route: "route"
        case .verb:
            switch verb {
            case .kind(let kind, _): kind
            default: verb.word
            }
        }
    }

    /// Whether its output is an array, of an element for each of several tasks.
    var fansOut: Bool { layers[0] == .each || layers[0] == .agents }
}
