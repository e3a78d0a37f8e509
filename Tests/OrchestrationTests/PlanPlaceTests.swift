import Testing

@testable import Orchestration

@Suite struct PlanPlaceTests {
    @Test("the outermost plan stands in no other")
    func outermost() {
        #expect(PlanPlace(version: 1).scope == nil)
    }
}
