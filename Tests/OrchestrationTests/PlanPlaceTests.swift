import JSON
import Testing

@testable import Orchestration

@Suite struct PlanPlaceTests {
    @Test("a place is what its arguments say")
    func roundTrip() {
        var place = PlanPlace(version: 7, path: ["edit", "code"], layer: .rounds, scope: 12, run: 3)
        #expect(PlanPlace(args: place.args) == place)
        place.item = ["x"]
        place.index = 0
        place.round = 2
        place.previous = 99
        place.agent = "a/b"
        #expect(PlanPlace(args: place.args) == place)
        #expect(PlanPlace(args: ["$plan": ["version": 1]]) == nil)
    }
}
