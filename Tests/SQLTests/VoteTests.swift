import TestSupport
import Testing

@Suite(.checkedDatabase)
struct VoteTests {
    private func ballot(_ voter: Int, _ more: String) -> String {
        #"{"voter": \#(voter), "agent": "a\#(voter)", "weight": 1.5, "labels": [1, 0], \#(more)}"#
    }

    private func record(_ task: Int, _ ballots: String..., round: Int = 1, attempt: Int = 1) -> String {
        "select agentcorp.record_ballots(\(task), \(attempt), \(round), '[\(ballots.joined(separator: ","))]')"
    }

    @Test("the attempt that counts records ballots, and what it counts again replaces them")
    func records() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let vote = try await sql.enqueue("'vote'")
        #expect(try await sql.claim(worker) == [vote])
        let cast = ballot(1, #""state": "cast", "choice": 1, "confidence": 0.5, "rationale": "[option 1]", "task": 7"#)
        #expect(try await sql.int(record(vote, cast, ballot(0, #""state": "cast", "choice": [1, 0]"#))) == 2)
        #expect(try await sql.int(record(vote, ballot(2, #""state": "failed""#))) == 1)
        #expect(try await sql.int(record(vote, ballot(2, #""state": "cast", "choice": {"0": 3}"#))) == 1)
        #expect(try await sql.int(record(vote, ballot(2, #""state": "abstained""#), round: 2)) == 1)
        #expect(
            try await sql.rows(
                "select round, voter, is_judge::int, agent, weight, state, choice, confidence, rationale, labels, cast_in from agentcorp.ballots order by round, voter nulls first"
            ) == [
                "1||1|a0|1.5|cast|[1, 0]|||[1,0]|", "1|1|0|a1|1.5|cast|1|0.5|[option 1]|[1,0]|7",
                #"1|2|0|a2|1.5|cast|{"0": 3}|||[1,0]|"#, "2|2|0|a2|1.5|abstained||||[1,0]|",
            ])
    }

    @Test("who has lost the task records nothing")
    func stale() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let vote = try await sql.enqueue("'vote'")
        #expect(try await sql.claim(worker) == [vote])
        let one = ballot(1, #""state": "abstained""#)
        try await sql.refuses(record(vote, one, attempt: 2), "AC002")
        try await sql.refuses(record(vote + 99, one), "AC001")
        try await sql.refuses("select agentcorp.record_ballots(\(vote), 1, 1, '{}')", "AC007", hint: "Pass")
        try await sql.finish(vote, worker)
        try await sql.refuses(record(vote, one), "AC002")
        #expect(try await sql.int("select count(*) from agentcorp.ballot") == 0)
    }

    @Test("ballots go with the task of their vote")
    func pruned() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let vote = try await sql.enqueue("'vote'")
        #expect(try await sql.claim(worker) == [vote])
        try await sql.run(record(vote, ballot(1, #""state": "abstained""#)))
        try await sql.finish(vote, worker)
        try await sql.setClock("9 days")
        try await sql.settle()
        try await sql.run("select agentcorp.prune_trees(0::smallint)")
        #expect(try await sql.int("select count(*) from agentcorp.task") == 0)
        #expect(try await sql.int("select count(*) from agentcorp.ballot") == 0)
    }
}
