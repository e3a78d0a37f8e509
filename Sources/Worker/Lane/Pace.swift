/// How many tasks to hold beyond those that run, from how long tasks take.
struct Pace {
    /// Enough work, in seconds, to bridge the time between two claims; more would keep it from other workers.
    static let horizon = 0.1

    /// Of the recent tasks, in seconds; nil before the first.
    private var average: Double?

    mutating func record(_ ran: Duration) {
        let seconds = Double(ran.components.seconds) + Double(ran.components.attoseconds) / 1e18
        average = average.map { $0 + (seconds - $0) / 64 } ?? seconds
    }

    func prefetch(concurrency: Int, maximum: Int) -> Int {
        guard let average else { return 0 }
        let wanted = Self.horizon * Double(concurrency) / max(average, 1e-6)
        return wanted < Double(maximum) ? Int(wanted) : maximum
    }
}
