internal import Agents
internal import JSON
internal import Plans
internal import Postgres
internal import Queue
internal import Worker

/// Kind `vote`: ballots by agents, counted by a rule.
///
/// Each ballot is a subtask with a name, so it is asked for once, however often this runs. A round that was counted is a
/// step, and what follows from it follows the same way every time.
struct VoteHandler: Sendable {
    func handle(_ context: TaskContext) async throws -> TaskResult {
        guard !context.task.argsWereEncrypted else {
            throw PermanentFailure(
                "the arguments are encrypted, but what voters read and write would not be", reason: "arguments")
        }
        let arguments = try Self.arguments(context.arguments())
        guard let first = arguments.options.open.first else {
            throw PermanentFailure("there is nothing to vote on: all options are null", reason: "arguments")
        }
        guard arguments.options.open.count > 1 else {
            return .completed(VoteResult.uncontested(first, arguments.options).postgres)
        }
        let link = PlanLink(context)
        let electorate = try await Electorate(arguments.vote, context)
        let children = Dictionary(try await link.children().map { ($0.name, $0) }) { first, _ in first }
        let station = PollingStation(
            arguments: arguments, electorate: electorate, children: children, context: context)
        do {
            return try await conclude(station)
        } catch let wanting as PollingStation.Wanting {
            // Later on somebody may have given the vote another budget.
            let budget = children.isEmpty ? try Self.budget(arguments) : nil
            if !wanting.tasks.isEmpty { try await link.expand(wanting.tasks, budget: budget) }
            return .waitForChildren(join: .settled)
        }
    }

    private func conclude(_ station: PollingStation) async throws -> TaskResult {
        let vote = station.arguments.vote
        let rounds = try await station.poll()
        guard let last = rounds.last else { throw PermanentFailure("nobody may vote", reason: "arguments") }
        var result = VoteResult(last, rounds: rounds.count)
        switch (last.tally.status, vote.rule, vote.tie) {
        case (.undecided, .judge, _):
            result.judgement = try await station.judge(station.arguments.options.open, after: rounds)
        case (.tied, _, .judge): result.judgement = try await station.judge(last.tally.leaders, after: rounds)
        case (.tied, _, .first): result.isFirst = true
        default: break
        }
        let json = result.json(station.arguments, names: station.electorate)
        if result.winner == nil, vote.otherwise == .fail {
            throw PermanentFailure(
                result.summary(station.arguments), reason: "vote", detail: json)
        }
        return .completed(json.postgres)
    }

    private static func arguments(_ args: JSONValue) throws -> VoteArguments {
        do {
            return try VoteArguments(args)
        } catch {
            throw PermanentFailure("the arguments of a vote: \(error)", reason: "arguments")
        }
    }

    private static func budget(_ arguments: VoteArguments) throws -> AgentBudget? {
        do {
            return try arguments.budget.flatMap { value throws(AgentConfigError) in try AgentBudget(value) }
        } catch {
            throw PermanentFailure("budget: \(error)", reason: "arguments")
        }
    }
}
