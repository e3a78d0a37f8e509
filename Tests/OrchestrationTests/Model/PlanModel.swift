/// What must come of a random plan, worked out from the rules alone.
struct PlanModel {
    enum End: Equatable {
        case completed, failed, cancelled, skipped
    }

    private(set) var ends: [String: End] = [:]
    /// Those that may have been cancelled because enough others had succeeded.
    private(set) var losers: Set<String> = []
    private var numbers: [String: Int?] = [:]
    let fails: Bool

    init(_ plan: RandomPlan) {
        var ends: [String: End] = [:]
        var numbers: [String: Int?] = [:]
        var byID: [String: RandomPlan.Step] = [:]
        for step in plan.steps { byID[step.id] = step }

        /// The task that others wait for in place of one.
        func stand(_ id: String) -> String {
            byID[id]!.rule == "run" ? byID[id]!.handler! : id
        }
        func isMet(_ id: String) -> Bool {
            let step = byID[id]!
            switch ends[id]! {
            case .completed, .skipped: return true
            case .failed, .cancelled: return ["skip", "default", "run"].contains(step.rule) && step.handles == nil
            }
        }
        /// As expressions see it; nil: no number.
        func number(_ id: String) -> Int? {
            switch ends[id]! {
            case .completed: return numbers[id] ?? nil
            case .skipped: return nil
            case .failed, .cancelled:
                switch byID[id]!.rule {
                case "default": return 8
                case "run": return number(byID[id]!.handler!)
                default: return nil
                }
            }
        }

        for step in plan.steps {
            let needs = step.needs.map(stand)
            let met = needs.count { isMet($0) }
            let mayRun: Bool
            if let handled = step.handles {
                guard ends[handled] == .failed || ends[handled] == .cancelled else {
                    ends[step.id] = .skipped
                    continue
                }
                mayRun = true
            } else {
                mayRun =
                    switch step.join {
                    case "any": met >= 1
                    case "quorum": met >= step.quorum
                    case "settled": true
                    default: met == needs.count
                    }
            }
            guard mayRun else {
                ends[step.id] = .cancelled
                continue
            }
            if let (need, bound) = step.condition, (number(need) ?? 5) <= bound {
                ends[step.id] = .skipped
                continue
            }
            if step.items != nil {
                // Where items fail for all, the queue cancels who waits for them.
                let isBad = step.badItem != nil && !["skip", "default"].contains(step.rule)
                ends[step.id] = isBad ? .cancelled : .completed
                numbers[step.id] = .some(nil)
            } else {
                ends[step.id] = step.fails ? .failed : .completed
                numbers[step.id] = step.number
            }
        }

        // Who fails for nobody to absorb it?
        var needed: Set<String> = []
        for step in plan.steps where step.handles == nil { needed.formUnion(step.needs.map(stand)) }
        fails = plan.steps.contains { step in
            !needed.contains(step.id) && !isMet(step.id)
        }

        // What only joins need that others have satisfied, and what only that needs.
        var open: Set<String> = []
        for step in plan.steps where step.join == "any" || step.join == "quorum" {
            open.formUnion(step.needs.map(stand))
        }
        for step in plan.steps.reversed() where open.contains(step.id) {
            open.formUnion(step.needs.map(stand))
            if let handled = step.handles { open.insert(handled) }
        }
        losers = open
        self.ends = ends
        self.numbers = numbers
    }
}
