import Providers

/// What is spent, and how much of it there is.
enum MoneyText {
    /// `0.25 (+0.10) of 1`: spent, reserved, the limit.
    static func cell(
        _ spent: some CustomStringConvertible & Comparable, _ reserved: some CustomStringConvertible,
        of limit: (some CustomStringConvertible & Comparable)?
    ) -> Table.Cell {
        let isReserved = reserved.description != "0"
        let used = "\(spent)" + (isReserved ? " (+\(reserved))" : "")
        guard let limit else { return .init(used, .dim) }
        return .init("\(used) of \(limit)")
    }

    /// `3 turns without price`.
    static func unpriced(_ turns: Int) -> String { "\(turns) \(turns == 1 ? "turn" : "turns") without price" }
}
