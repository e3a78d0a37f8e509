/// Finds out which tasks come before which, for many at once: 64 in one pass over the plan.
struct PlanReach {
    struct Question {
        let task: Int
        let need: Int
        let pointer: String
        let root: String
    }

    /// By task, those that must have ended before; all of them stand further to the front.
    let before: [[Int]]
    private(set) var questions: [Question] = []

    init(before: [[Int]]) {
        self.before = before
    }

    mutating func ask(_ question: Question) {
        // That is how it nearly always is.
        if !before[question.task].contains(question.need) { questions.append(question) }
    }

    /// The questions whose task does not come after what it speaks of.
    func denied() -> [Question] {
        let needs = Array(Set(questions.map(\.need))).sorted()
        var places: [Int: Int] = [:]
        for (place, need) in needs.enumerated() { places[need] = place }
        var groups = [[Question]](repeating: [], count: (needs.count + 63) / 64)
        for question in questions { groups[(places[question.need] ?? 0) / 64].append(question) }
        var masks = [UInt64](repeating: 0, count: before.count)
        var denied: [Question] = []
        for (group, questions) in groups.enumerated() {
            let start = group * 64
            for task in before.indices {
                var mask: UInt64 = 0
                for need in before[task] {
                    mask |= masks[need]
                    if let place = places[need], place / 64 == group { mask |= 1 << UInt64(place - start) }
                }
                masks[task] = mask
            }
            denied += questions.filter { masks[$0.task] & (1 << UInt64((places[$0.need] ?? 0) - start)) == 0 }
        }
        return denied
    }
}
