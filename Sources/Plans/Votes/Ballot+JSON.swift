public import JSON

extension Ballot {
    /// What is kept of a rationale; all of it is in the output of the ballot's task.
    public static let mostCharacters = 4000

    /// As steps, rows and results have it.
    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "voter": .integer(Int64(voter)), "weight": weight.json, "state": .string(state.rawValue),
        ]
        if let vote { members[vote.form.rawValue] = vote.json }
        members["confidence"] = confidence.map { .number($0) }
        members["rationale"] = rationale.map { .string($0) }
        return .object(members)
    }

    /// Reads what `json` has written; nil for all else.
    public init?(_ json: JSONValue) {
        guard case .integer(let voter)? = json["voter"], let state = json["state"]?.string.flatMap(State.init),
            let weight = json["weight"]?.double.flatMap(VoteWeight.init)
        else { return nil }
        let confidence = json["confidence"]?.double
        let rationale = json["rationale"]?.string
        guard state == .cast else {
            self.init(
                voter: Int(voter), weight: weight, state, confidence: confidence, rationale: rationale)
            return
        }
        for form in BallotForm.allCases {
            if let said = json[form.rawValue], let vote = Vote(said, form) {
                self.init(voter: Int(voter), weight: weight, vote, confidence: confidence, rationale: rationale)
                return
            }
        }
        return nil
    }
}

extension Vote {
    public var form: BallotForm {
        switch self {
        case .choice: .choice
        case .ranking: .ranking
        case .scores: .scores
        case .approvals: .approvals
        }
    }

    /// Reads what `json` has written; nil for all else.
    public init?(_ json: JSONValue, _ form: BallotForm) {
        switch (form, json) {
        case (.choice, .integer(let option)): self = .choice(Int(option))
        case (.ranking, .array(let options)): self = .ranking(options.compactMap(Self.number))
        case (.approvals, .array(let options)): self = .approvals(Set(options.compactMap(Self.number)))
        case (.scores, .object(let members)):
            var scores: [Int: Int] = [:]
            for (option, score) in members {
                if let option = Int(option), let score = Self.number(score) { scores[option] = score }
            }
            self = .scores(scores)
        default: return nil
        }
    }

    private static func number(_ json: JSONValue) -> Int? {
        guard case .integer(let number) = json else { return nil }
        return Int(number)
    }
}
