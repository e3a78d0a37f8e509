internal import Documents
internal import JSON

extension PlanInspection {
    func vote(_ vote: PlanVote, _ task: PlanTask, at place: String, _ scope: inout PlanTaskScope) -> Finding {
        let options = scope.check(vote.options, at: "\(place)/options")
        if options.elements == nil, options != .null {
            issues.add("\(place)/options", "\(options) is no array", "It must be an array of what may be chosen.")
        }
        if let question = vote.question { scope.check(question, at: "\(place)/question") }
        var first: [AgentChoice: Int] = [:]
        var documents: [JSONValue] = []
        if case .array(let voters)? = scope.document["vote"]?["voters"] { documents = voters }
        for (index, voter) in vote.voters.enumerated() {
            let isInside = documents.indices.contains(index) && documents[index]["agent"] != nil
            check(voter.agent, at: "\(place)/voters/\(index)" + (isInside ? "/agent" : ""))
            guard case .named(let name) = voter.agent else { continue }
            if first[voter.agent] != nil {
                issues.add("\(place)/voters/\(index)", "\"\(name)\" votes twice", "Give it a weight instead.")
            }
            first[voter.agent] = index
        }
        if let quorum = vote.quorum, quorum > vote.voters.count {
            issues.add(
                "\(place)/quorum", "\(quorum) can never vote: there are \(vote.voters.count) voters",
                "At most \(vote.voters.count).")
        }
        var bounds = PlanBounds()
        for voter in vote.voters { bounds = bounds + ballot(voter.agent, task) }
        bounds = bounds * vote.rounds + PlanBounds(tasks: 1)
        for (judge, pointer) in judges(of: vote) {
            check(judge, at: "\(place)/\(pointer)")
            if case .named(let name) = judge, first[judge] != nil {
                issues.add("\(place)/\(pointer)", "\"\(name)\" votes, and cannot judge, too", "Name another agent.")
            }
            bounds = bounds + ballot(judge, task)
        }
        let type = ValueType.object(
            [
                "status": .words(Set(Tally.Status.allCases.map(\.rawValue))),
                "decided_by": ValueType.words(["votes", "judge", "first", "default"]).orNull,
                "winner": (options.elements ?? .any).orNull, "winner_index": .number.orNull,
                "tied": .array(of: .number), "tally": .any, "rounds": .number, "ballots": .array(of: .any),
                "judge": .any,
            ], .none)
        return Finding(type: type, bounds: bounds.capped(usd: task.budget?.usd, turns: task.budget?.turns))
    }

    private func judges(of vote: PlanVote) -> [(AgentChoice, String)] {
        var judges: [(AgentChoice, String)] = []
        if case .judge(let judge) = vote.rule { judges.append((judge, "judge")) }
        if case .judge(let judge) = vote.tie { judges.append((judge, "tie/judge")) }
        return judges
    }

    /// A ballot is an answer without tools; one that is not valid is asked for once more.
    private func ballot(_ choice: AgentChoice, _ task: PlanTask) -> PlanBounds {
        var bounds = self.bounds(of: choice, task)
        bounds.modelCalls = min(bounds.modelCalls ?? 2, 2)
        return bounds
    }
}
