internal import JSON
internal import Plans
internal import Postgres
internal import Queue
internal import Worker

/// Where ballots are handed out, collected and counted.
struct PollingStation: Sendable {
    /// Thrown where the vote cannot go on before these subtasks have ended; they may be there already.
    struct Wanting: Error {
        let tasks: [JSONValue]
    }

    let arguments: VoteArguments
    let electorate: Electorate
    /// Subtasks by name.
    let children: [String: PlanLink.Child]
    let context: TaskContext

    private static let judge = "judge"

    private var vote: PlanVote { arguments.vote }

    /// All rounds that are held, counted.
    func poll() async throws -> [VotePaper.Round] {
        var rounds: [VotePaper.Round] = []
        for number in 1...vote.rounds {
            let round = try await round(number, after: rounds.last)
            let isUnchanged = rounds.last.map { $0.ballots.map(\.vote) == round.ballots.map(\.vote) } ?? false
            rounds.append(round)
            if round.tally.isUnanimous || isUnchanged { break }
        }
        return rounds
    }

    /// The decision of the judge; not cast when it made none.
    func judge(_ options: [Int], after rounds: [VotePaper.Round]) async throws -> Ballot {
        guard let agent = electorate.judge else { throw PermanentFailure("there is no judge", reason: "arguments") }
        let labels = OptionLabels(options, task: context.task.id, round: rounds.count, voter: 0)
        guard let child = children[Self.judge] else {
            let paper = VotePaper(arguments, labels, names: electorate.voters)
            throw Wanting(tasks: [
                subtask(
                    Self.judge, agent, paper.judgement(after: rounds.last),
                    BallotForm.choice.schema(labels, mayAbstain: false))
            ])
        }
        let ballot = try ballot(of: child, .choice, labels, voter: 0, weight: .one, mayAbstain: false)
        try await record(
            [Cast(ballot: ballot, agent: agent, task: child.id, labels: labels)], rounds.count, context.pool)
        return ballot
    }

    // MARK: rounds

    private func round(_ number: Int, after last: VotePaper.Round?) async throws -> VotePaper.Round {
        var count = 1
        while true {
            let step = count == 1 ? "tally \(number)" : "tally \(number), count \(count)"
            let counted = try await context.stepInTransaction(step) { connection in
                let cast = try collect(number, after: last)
                try await record(cast, number, connection)
                return recorded(cast)
            }
            let ballots = try counted.ballots
            guard try isOutdated(ballots, number) else { return VotePaper.Round(ballots, tally(ballots)) }
            count += 1
        }
    }

    /// Whether other ballots were cast after all, since somebody has retried those that had failed, and nothing has built
    /// on the count yet.
    private func isOutdated(_ ballots: [Ballot], _ round: Int) throws -> Bool {
        guard children[Self.name(round, 1)] != nil, children[Self.name(round + 1, 1)] == nil,
            children[Self.judge] == nil
        else { return false }
        do {
            let cast = try collect(round, after: nil).map(\.ballot)
            return cast.map(\.state) != ballots.map(\.state) || cast.map(\.vote) != ballots.map(\.vote)
        } catch is Wanting {
            return true
        }
    }

    /// The ballots of a round, once all are there.
    private func collect(_ round: Int, after last: VotePaper.Round?) throws -> [Cast] {
        let missing = vote.voters.indices.filter { children[Self.name(round, $0 + 1)] == nil }
        guard missing.isEmpty else {
            throw Wanting(
                tasks: missing.map { index in
                    let labels = labels(round, voter: index + 1)
                    let paper = VotePaper(arguments, labels, names: electorate.voters)
                    return subtask(
                        Self.name(round, index + 1), electorate.voters[index],
                        paper.ballot(voter: index + 1, round: round, after: last),
                        vote.rule.form.schema(labels, mayAbstain: vote.mayAbstain))
                })
        }
        return try vote.voters.enumerated().compactMap { index, voter in
            guard let child = children[Self.name(round, index + 1)] else { return nil }
            let labels = labels(round, voter: index + 1)
            let ballot = try ballot(
                of: child, vote.rule.form, labels, voter: index + 1, weight: VoteWeight(voter.weight) ?? .one,
                mayAbstain: vote.mayAbstain)
            return Cast(ballot: ballot, agent: electorate.voters[index], task: child.id, labels: labels)
        }
    }

    private func recorded(_ cast: [Cast]) -> RecordedCount {
        RecordedCount(
            expression: [vote.rule.word, vote.rule.method].compactMap(\.self).joined(separator: " "),
            operands: ["ballots": .array(cast.map(\.json))], value: tally(cast.map(\.ballot)).account)
    }

    private func tally(_ ballots: [Ballot]) -> Tally {
        Tally(
            ballots, arguments.options, vote.rule, threshold: vote.threshold.map(VoteThreshold.init),
            quorum: vote.quorum)
    }

    private func labels(_ round: Int, voter: Int) -> OptionLabels {
        OptionLabels(arguments.options.open, task: context.task.id, round: round, voter: voter)
    }

    private static func name(_ round: Int, _ voter: Int) -> String { "ballot:\(round):\(voter)" }

    // MARK: ballots

    /// What a voter is asked with. What its model gets wrong it is told once.
    private func subtask(_ name: String, _ agent: String, _ prompt: String, _ schema: JSONSchema) -> JSONValue {
        .object([
            "name": .string(name), "kind": "agent", "concurrency_key": .string("agent:" + agent),
            "args": .object([
                "agent": .string(agent), "prompt": .string(prompt), "tools": [], "schema": schema.value, "repairs": 1,
            ]),
        ])
    }

    /// Throws `Wanting` while it is not cast.
    private func ballot(
        of child: PlanLink.Child, _ form: BallotForm, _ labels: OptionLabels, voter: Int, weight: VoteWeight,
        mayAbstain: Bool
    ) throws -> Ballot {
        guard let end = child.end else { throw Wanting(tasks: []) }
        guard end.outcome == .completed, let output = child.output else {
            return Ballot(voter: voter, weight: weight, end.reason == "schema" ? .invalid : .failed)
        }
        return form.ballot(in: output, labels, voter: voter, weight: weight, mayAbstain: mayAbstain)
    }

    private func record(_ cast: [Cast], _ round: Int, _ database: some Database) async throws {
        _ = try await database.call(
            "select agentcorp.record_ballots($1, $2, $3, $4)",
            [
                context.key.task, Int32(context.key.attempt), Int32(round),
                JSONValue.array(cast.map(\.row)).postgres,
            ])
    }
}

/// A ballot with where it comes from.
private struct Cast {
    let ballot: Ballot
    let agent: String
    let task: Int64
    let labels: OptionLabels

    var json: JSONValue {
        var members = ballot.json.members ?? [:]
        members["agent"] = .string(agent)
        members["task"] = .integer(task)
        return .object(members)
    }

    /// As `record_ballots` takes it.
    var row: JSONValue {
        var members = json.members ?? [:]
        members["choice"] = ballot.vote?.json
        members["labels"] = .array(labels.options.map { .integer(Int64($0)) })
        return .object(members)
    }
}

/// A count as a step has it.
private struct RecordedCount: Codable, Sendable {
    let expression: String
    let operands: [String: JSONValue]
    let value: JSONValue

    var ballots: [Ballot] {
        get throws {
            guard case .array(let recorded)? = operands["ballots"] else { throw Self.unreadable }
            let ballots = recorded.compactMap(Ballot.init)
            guard ballots.count == recorded.count else { throw Self.unreadable }
            return ballots
        }
    }

    private static var unreadable: PermanentFailure {
        PermanentFailure("what was recorded of a count of ballots cannot be read", reason: "step")
    }
}
