internal import Documents
internal import JSON

extension PlanReader {
    func vote(_ fields: inout DocumentFields) -> PlanVerb? {
        let options = self.options(&fields)
        let question = fields.template("question")
        let voters = self.voters(&fields)
        let rule = self.rule(&fields)
        let threshold = fields.number("threshold", in: 0...1)
        if let threshold, let mistake = rule?.mistake(threshold: threshold) { fields.wrong("threshold", mistake) }
        let quorum = fields.integer("quorum", in: 1...PlanVote.mostVoters)
        let isBlind = fields.bool("blind")
        let mayAbstain = fields.bool("abstain")
        let (rounds, share) = self.rounds(&fields)
        let tie = self.tie(&fields)
        let otherwise = fields.word("otherwise", of: PlanVote.Otherwise.self)
        guard let options, let voters, let rule else { return nil }
        var vote = PlanVote(options: options, voters: voters, rule: rule)
        vote.question = question
        vote.threshold = threshold
        vote.quorum = quorum
        if let isBlind { vote.isBlind = isBlind }
        if let mayAbstain { vote.mayAbstain = mayAbstain }
        if let rounds { vote.rounds = rounds }
        if let share { vote.share = share }
        if let tie { vote.tie = tie }
        if let otherwise { vote.otherwise = otherwise }
        return .vote(vote)
    }

    private func options(_ fields: inout DocumentFields) -> TemplateValue? {
        let advice = "Write [\"...\", \"...\"], or \"{{ EXPRESSION }}\" for an array."
        switch fields.value("options") {
        case nil:
            fields.missing("options", advice)
            return nil
        case .array(let elements)? where elements.count < 2:
            fields.wrong("options", "there is nothing to choose: a vote needs two options at least", advice)
            return nil
        case .array(let elements)? where elements.count > VoteOptions.most:
            fields.wrong("options", "has \(elements.count) elements; at most \(VoteOptions.most) are possible")
            return nil
        case .array?: return fields.templates("options")
        case .string(let text)? where text.hasPrefix("{{") && text.hasSuffix("}}"): return fields.templates("options")
        case let other?:
            fields.wrong("options", "\(DocumentFields.kind(other)) instead of an array", advice)
            return nil
        }
    }

    private func voters(_ fields: inout DocumentFields) -> [PlanVote.Voter]? {
        let advice = "Write [\"NAME\", {\"agent\": \"NAME\", \"weight\": 2}]."
        guard let value = fields.value("voters") else {
            fields.missing("voters", advice)
            return nil
        }
        guard case .array(let elements) = value, (1...PlanVote.mostVoters).contains(elements.count) else {
            fields.wrong(
                "voters", "\(DocumentFields.shown(value)) is no list of 1 to \(PlanVote.mostVoters) voters", advice)
            return nil
        }
        let pointer = "\(fields.pointer)/voters"
        let voters = elements.enumerated().map { voter($1, at: "\(pointer)/\($0)", advice) }
        return voters.contains(nil) ? nil : voters.compactMap { $0 }
    }

    private func voter(_ value: JSONValue, at pointer: String, _ advice: String) -> PlanVote.Voter? {
        guard case .object(var members) = value else { return choice(value, at: pointer).map { PlanVote.Voter($0) } }
        var fields = DocumentFields(members, at: pointer, issues)
        let weight = fields.number("weight", in: 0...1_000_000) ?? 1
        if VoteWeight(weight) == nil {
            fields.wrong(
                "weight", weight == 0 ? "is 0: the voter has no say" : "\(weight) has more than six decimals",
                weight == 0 ? "Leave the voter out." : "Write a shorter number.")
        }
        if let agent = fields.value("agent") {
            fields.refuseOthers()
            return choice(agent, at: "\(pointer)/agent").map { PlanVote.Voter($0, weight: weight) }
        }
        members["weight"] = nil
        return choice(.object(members), at: pointer).map { PlanVote.Voter($0, weight: weight) }
    }

    private func rule(_ fields: inout DocumentFields) -> VoteRule? {
        let word = fields.word("rule", among: VoteRule.words)
        if fields.value("rule") == nil {
            fields.missing("rule", "There are \(VoteRule.words.joined(separator: ", ")).")
        }
        if word != "ranked", word != "score", word != nil, fields.value("method") != nil {
            fields.wrong("method", "goes with the rules ranked and score", "Leave it out.")
        }
        if word != "judge", word != nil, fields.value("judge") != nil {
            fields.wrong("judge", "goes with the rule judge", "Where options tie: \"tie\": {\"judge\": \"NAME\"}.")
        }
        _ = (fields.value("method"), fields.value("judge"))
        switch word {
        case "majority": return .majority
        case "supermajority": return .supermajority
        case "plurality": return .plurality
        case "unanimous": return .unanimous
        case "weighted": return .weighted
        case "approval": return .approval
        case "ranked": return .ranked(fields.word("method", of: RankedMethod.self) ?? .irv)
        case "score": return .score(fields.word("method", of: ScoreMethod.self) ?? .mean)
        case "judge":
            guard let judge = fields.value("judge") else {
                fields.missing("judge", "Name the agent that decides: \"judge\": \"NAME\".")
                return nil
            }
            return choice(judge, at: "\(fields.pointer)/judge").map { .judge($0) }
        default: return nil
        }
    }

    private func rounds(_ fields: inout DocumentFields) -> (Int?, PlanVote.Share?) {
        let advice = "Write {\"max\": 3, \"share\": \"rationales\"}."
        guard let value = fields.value("rounds"),
            var inner = DocumentFields(value, at: "\(fields.pointer)/rounds", issues, advice: advice)
        else { return (nil, nil) }
        let maximum = inner.integer("max", in: 1...PlanVote.mostRounds)
        if inner.value("max") == nil { inner.missing("max", "Say how many rounds there are at most. \(advice)") }
        let share = inner.word("share", of: PlanVote.Share.self)
        inner.refuseOthers()
        return (maximum, share)
    }

    private func tie(_ fields: inout DocumentFields) -> PlanVote.TieRule? {
        let advice = "Write \"none\", \"first\" or {\"judge\": \"NAME\"}."
        switch fields.value("tie") {
        case nil: return nil
        case "none"?: return PlanVote.TieRule.none
        case "first"?: return .first
        case let value?:
            guard case .object = value,
                var inner = DocumentFields(value, at: "\(fields.pointer)/tie", issues, advice: advice)
            else {
                fields.wrong("tie", "\(DocumentFields.shown(value)) is not understood", advice)
                return nil
            }
            let judge = inner.value("judge").flatMap { choice($0, at: "\(inner.pointer)/judge") }
            if inner.value("judge") == nil { inner.missing("judge", advice) }
            inner.refuseOthers()
            return judge.map { .judge($0) }
        }
    }
}
