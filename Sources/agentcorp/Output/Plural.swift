/// Counted things.
enum Plural {
    static func tasks(_ count: Int) -> String { count == 1 ? "1 task" : "\(grouped(count)) tasks" }

    /// `3 turns`.
    static func of(_ count: Int, _ thing: String) -> String { "\(grouped(count)) \(thing)\(count == 1 ? "" : "s")" }

    /// `10,000`.
    static func grouped(_ number: Int) -> String {
        var digits = String(number.magnitude)
        var parts: [String] = []
        while digits.count > 3 {
            parts.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (number < 0 ? "-" : "") + ([digits] + parts).joined(separator: ",")
    }
}
