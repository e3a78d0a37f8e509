public import JSON

/// What a ballot asks of a voter; by the word it is a member of the answer.
public enum BallotForm: String, Sendable, CaseIterable {
    case choice, ranking, scores, approvals

    /// What the answer of a voter must look like.
    ///
    /// - Parameter mayAbstain: By null.
    public func schema(_ labels: OptionLabels, mayAbstain: Bool) -> JSONSchema {
        let letters = labels.labels
        let letter = JSONSchema.oneOf(letters)
        let vote: JSONSchema =
            switch self {
            case .choice: letter
            case .ranking: .distinct(letter, 1...letters.count)
            case .scores:
                .object(
                    Dictionary(
                        uniqueKeysWithValues: letters.map {
                            ($0, .integer(in: Int64(Vote.scores.lowerBound)...Int64(Vote.scores.upperBound)))
                        }))
            case .approvals: .distinct(letter, 0...letters.count)
            }
        return .object([
            rawValue: mayAbstain ? .nullable(vote) : vote,
            "confidence": .number(in: 0...1),
            "rationale": .string(),
        ])
    }

    /// Reads the answer of a voter: what does not fit is invalid.
    public func ballot(
        in answer: JSONValue, _ labels: OptionLabels, voter: Int, weight: VoteWeight = .one, mayAbstain: Bool = true
    ) -> Ballot {
        let confidence = answer["confidence"]?.double
        let rationale = answer["rationale"]?.string.map { labels.numbered($0).excerpt(Ballot.mostCharacters) }
        guard schema(labels, mayAbstain: mayAbstain).violations(of: answer).isEmpty, let said = answer[rawValue] else {
            return Ballot(voter: voter, weight: weight, .invalid, rationale: rationale)
        }
        guard let vote = vote(said, labels) else {
            return Ballot(voter: voter, weight: weight, .abstained, confidence: confidence, rationale: rationale)
        }
        return Ballot(voter: voter, weight: weight, vote, confidence: confidence, rationale: rationale)
    }

    /// Nil for null. The value fits the schema.
    private func vote(_ said: JSONValue, _ labels: OptionLabels) -> Vote? {
        let options: [Int]
        if case .array(let elements) = said {
            options = elements.compactMap { $0.string.flatMap(labels.option) }
        } else {
            options = []
        }
        switch self {
        case .choice: return said.string.flatMap(labels.option).map { .choice($0) }
        case .ranking: return said == .null ? nil : .ranking(options)
        case .approvals: return said == .null ? nil : .approvals(Set(options))
        case .scores:
            guard case .object(let members) = said else { return nil }
            var scores: [Int: Int] = [:]
            for (label, score) in members {
                if let option = labels.option(labelled: label), let score = score.double { scores[option] = Int(score) }
            }
            return .scores(scores)
        }
    }
}

extension JSONSchema {
    /// Letters, none of them twice.
    fileprivate static func distinct(_ letter: JSONSchema, _ counts: ClosedRange<Int>) -> JSONSchema {
        var members = JSONSchema.array(of: letter, counts: counts).value.members ?? [:]
        members["uniqueItems"] = true
        guard let schema = try? JSONSchema(.object(members)) else { preconditionFailure("no schema: \(members)") }
        return schema
    }
}
