import JSON
import Testing

@testable import Plans

@Suite struct BallotTests {
    private let labels = OptionLabels([0, 2, 3], task: 41, round: 1, voter: 1)

    /// A ballot in the letters of the options.
    private func read(_ form: BallotForm, _ answer: JSONValue, mayAbstain: Bool = true) -> Ballot {
        form.ballot(in: answer, labels, voter: 1, mayAbstain: mayAbstain)
    }

    private func letter(_ option: Int) -> JSONValue { .string(labels.label(of: option)!) }

    @Test("letters follow from task, round and voter alone, and stay as they are written here")
    func fixed() {
        #expect(OptionLabels(Array(0..<6), task: 1, round: 1, voter: 1).options == [1, 4, 5, 3, 2, 0])
        #expect(OptionLabels(Array(0..<6), task: 2, round: 1, voter: 1).options == [4, 2, 5, 3, 1, 0])
    }

    @Test(
        "over the voters each option stands at each place equally often, and nobody sees the same order twice running")
    func balance() {
        for task in Int64(1)...50 {
            let orders = (1...6).map { OptionLabels([0, 1, 2], task: task, round: 1, voter: $0).options }
            for option in 0..<3 {
                for place in 0..<3 { #expect(orders.count { $0[place] == option } == 2) }
            }
            #expect(OptionLabels([0, 1, 2], task: task, round: 2, voter: 1).options != orders[0])
        }
    }

    @Test("over the tasks all orders come up")
    func orders() {
        let orders = Set((1...200).map { OptionLabels([0, 1, 2], task: $0, round: 1, voter: 1).options })
        #expect(orders.count == 6)
    }

    @Test("there are letters for a hundred options")
    func many() {
        let labels = OptionLabels(Array(0..<100), task: 5, round: 1, voter: 1)
        #expect(labels.labels[0] == "A")
        #expect(labels.labels[25] == "Z")
        #expect(labels.labels[26] == "AA")
        #expect(Set(labels.labels).count == 100)
        for option in 0..<100 { #expect(labels.option(labelled: labels.label(of: option)!) == option) }
        #expect(labels.option(labelled: "a") == nil)
    }

    @Test("letters in brackets mean the same option to each reader")
    func rationales() {
        let text = labels.numbered("[\(labels.label(of: 2)!)] beats [\(labels.label(of: 0)!)], see [1] and [Z] [[")
        #expect(text == "[option 2] beats [option 0], see [1] and [Z] [[")
        let other = OptionLabels([0, 2, 3], task: 41, round: 2, voter: 2)
        #expect(
            other.labelled(text)
                == "[\(other.label(of: 2)!)] beats [\(other.label(of: 0)!)], see [1] and [Z] [[")
        #expect(OptionLabels([0, 3], task: 1, round: 1, voter: 0).labelled("[option 2]") == "[another option]")
    }

    @Test("ballots of each form are read back to the numbers of the options")
    func forms() {
        let rest: JSONValue = ["confidence": 0.5, "rationale": "so"]
        func with(_ name: String, _ value: JSONValue) -> JSONValue {
            .object(rest.members!.merging([name: value]) { $1 })
        }
        #expect(read(.choice, with("choice", letter(2))).vote == .choice(2))
        #expect(read(.ranking, with("ranking", [letter(3), letter(0)])).vote == .ranking([3, 0]))
        #expect(read(.approvals, with("approvals", [letter(3)])).vote == .approvals([3]))
        #expect(read(.approvals, with("approvals", [])).vote == .approvals([]))
        #expect(read(.scores, with("scores", ["A": 1, "B": 2, "C": 10])).vote?.form == .scores)
        for form in BallotForm.allCases {
            #expect(read(form, with(form.rawValue, nil)).state == .abstained)
            #expect(read(form, with(form.rawValue, nil), mayAbstain: false).state == .invalid)
        }
        let ballot = read(.choice, with("choice", letter(2)))
        #expect(ballot.confidence == 0.5)
        #expect(ballot.rationale == "so")
    }

    static let uncountable: [(form: BallotForm, vote: JSONValue)] = [
        (.choice, "D"), (.choice, "a"), (.choice, ["A"]), (.choice, 1),
        (.ranking, ["A", "A"]), (.ranking, []), (.ranking, ["A", "X"]),
        (.scores, ["A": 1, "B": 1]), (.scores, ["A": 1, "B": 1, "C": 11]), (.scores, ["A": 1, "B": 1, "C": 1.5]),
        (.scores, ["A": 1, "B": 1, "C": 1, "D": 1]),
        (.approvals, ["A", "A"]), (.approvals, "A"),
    ]

    @Test("what cannot be counted is invalid", arguments: uncountable)
    func invalid(_ form: BallotForm, _ vote: JSONValue) {
        let answer: JSONValue = .object([form.rawValue: vote, "confidence": 1, "rationale": "r"])
        #expect(read(form, answer).state == .invalid)
        #expect(read(form, answer).vote == nil)
        #expect(read(form, ["confidence": 1, "rationale": "r"]).state == .invalid)
        #expect(read(form, "A").state == .invalid)
    }

    @Test("a ballot is the same after it was written down")
    func json() {
        let votes: [Vote] = [
            .choice(3), .ranking([2, 0]), .scores([0: 1, 2: 10]), .approvals([0, 3]), .approvals([]),
        ]
        for vote in votes {
            let ballot = Ballot(
                voter: 2, weight: VoteWeight(1.5)!, vote, confidence: 0.25, rationale: "[option 2] is short")
            #expect(Ballot(ballot.json) == ballot)
        }
        for state in Ballot.State.allCases where state != .cast {
            let ballot = Ballot(voter: 1, state)
            #expect(Ballot(ballot.json) == ballot)
        }
        #expect(Ballot(["voter": 1, "weight": 1, "state": "cast"]) == nil)
        #expect(Ballot("x") == nil)
    }

    @Test("the schemas of ballots without lists can be strict; those with lists forbid letters that come twice")
    func schemas() throws {
        _ = try BallotForm.choice.schema(labels, mayAbstain: true).strict()
        _ = try BallotForm.scores.schema(labels, mayAbstain: true).strict()
        #expect(throws: JSONSchemaError.self) {
            try BallotForm.ranking.schema(labels, mayAbstain: true).strict()
        }
    }
}
