import JSON
import Plans
import Testing

@Suite struct PlanTests {
    @Test("a plan knows its tasks by their ids")
    func tasks() throws {
        let task = PlanTask(id: "calm", verb: .wait(PlanWait()))
        let plan = Plan(tasks: [task], document: .object([:]))
        #expect(plan["calm"]?.verb.word == "wait")
        #expect(plan["storm"] == nil)
    }
}
