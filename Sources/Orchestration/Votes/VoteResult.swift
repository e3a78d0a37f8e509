internal import JSON
internal import Plans

/// How a vote ended, as those who need it see it.
struct VoteResult: Sendable {
    private let last: VotePaper.Round
    private let rounds: Int
    /// Of the judge, where one was asked.
    var judgement: Ballot?
    /// Of those that tie the first one wins.
    var isFirst = false

    init(_ last: VotePaper.Round, rounds: Int) {
        self.last = last
        self.rounds = rounds
    }

    /// Where there is only one option there is nothing to vote on.
    static func uncontested(_ option: Int, _ options: VoteOptions) -> JSONValue {
        .object([
            "status": "decided", "decided_by": "default", "winner": options.values[option],
            "winner_index": .integer(Int64(option)), "tied": [], "tally": nil, "rounds": 0, "ballots": [],
        ])
    }

    /// Who has decided, and what.
    private var decision: (by: String, option: Int)? {
        if let winner = last.tally.winner { return ("votes", winner) }
        if case .choice(let option)? = judgement?.vote { return ("judge", option) }
        if isFirst, let first = last.tally.leaders.first { return ("first", first) }
        return nil
    }

    var winner: Int? { decision?.option }

    private var status: Tally.Status { decision == nil ? last.tally.status : .decided }

    private var tied: [Int] { last.tally.status == .tied ? last.tally.leaders : [] }

    func json(_ arguments: VoteArguments, names: Electorate) -> JSONValue {
        var members: [String: JSONValue] = [
            "status": .string(status.rawValue),
            "decided_by": decision.map { .string($0.by) } ?? .null,
            "winner": winner.map { arguments.options.values[$0] } ?? .null,
            "winner_index": winner.map { .integer(Int64($0)) } ?? .null,
            "tied": .array(tied.map { .integer(Int64($0)) }),
            "tally": last.tally.account, "rounds": .integer(Int64(rounds)),
            "ballots": .array(last.ballots.map { json($0, arguments, names.voters[$0.voter - 1]) }),
        ]
        members["judge"] = judgement.map { json($0, arguments, names.judge) }
        return .object(members)
    }

    /// Where the vote is blind, names stand in the table of ballots only.
    private func json(_ ballot: Ballot, _ arguments: VoteArguments, _ name: String?) -> JSONValue {
        var members = ballot.json.members ?? [:]
        if !arguments.vote.isBlind { members["agent"] = name.map { .string($0) } }
        return .object(members)
    }

    /// Why there is no winner.
    func summary(_ arguments: VoteArguments) -> String {
        func list(_ options: [Int]) -> String { options.map(String.init).joined(separator: ", ") }
        let what: String
        switch status {
        case .tied: what = "options \(list(tied)) tie"
        case .noQuorum:
            what = "\(last.ballots.count { $0.state == .cast }) of \(last.ballots.count) voted, which is no quorum"
        default:
            what =
                last.tally.leaders.isEmpty
                ? "no option has a vote" : "option \(list(last.tally.leaders)) leads, but that is not enough"
        }
        let figures = arguments.options.open.compactMap { option in
            last.tally.figures[option].map { "\(option): \($0.text)" }
        }
        let judge = judgement == nil ? "" : "; the judge gave no decision"
        return
            "no decision by \(arguments.vote.rule.word) after \(rounds) round\(rounds == 1 ? "" : "s"): \(what) (\(figures.joined(separator: ", ")))\(judge)"
    }
}
