import TestSupport

/// A random cron expression, and what it means minute by minute: the slow way, to hold the fast one against.
struct CronModel {
    private struct Field {
        let text: String
        let values: [Bool]
        var isStar: Bool { text.hasPrefix("*") }

        init(_ low: Int, _ high: Int, _ random: inout SeededGenerator) {
            var values = [Bool](repeating: false, count: high + 1)
            func item(_ random: inout SeededGenerator) -> String {
                let from = Int.random(in: low...high, using: &random)
                guard Int.random(in: 0..<3, using: &random) == 0 else {
                    values[from] = true
                    return "\(from)"
                }
                let to = Int.random(in: from...high, using: &random)
                let step = Bool.random(using: &random) ? 1 : Int.random(in: 1...high, using: &random)
                for value in stride(from: from, through: to, by: step) { values[value] = true }
                return "\(from)-\(to)" + (step == 1 ? "" : "/\(step)")
            }
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                text = "*"
                for value in low...high { values[value] = true }
            case 2:
                let step = Int.random(in: 1...high, using: &random)
                text = "*/\(step)"
                for value in stride(from: low, through: high, by: step) { values[value] = true }
            default:
                text = (0..<Int.random(in: 1...3, using: &random)).map { _ in item(&random) }.joined(separator: ",")
            }
            self.values = values
        }
    }

    private let fields: [Field]

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        fields = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)].map { Field($0, $1, &random) }
    }

    var text: String { fields.map(\.text).joined(separator: " ") }

    /// Whether it matches each day from 1 January 2024, a Monday.
    private func days(_ count: Int) -> [Bool] {
        var (year, month, day) = (2024, 1, 1)
        return (0..<count).map { index in
            let isDay = fields[2].values[day]
            let isWeekday = fields[4].values[(index + 1) % 7]
            let isEither = !fields[2].isStar && !fields[4].isStar
            let matches = fields[3].values[month] && (isEither ? isDay || isWeekday : isDay && isWeekday)
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            day += 1
            if day > [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] {
                (month, day) = (month + 1, 1)
            }
            if month > 12 { (year, month) = (year + 1, 1) }
            return matches
        }
    }

    /// The minutes at which it fires, counted from 1 January 2024 in UTC, walking a clock that is changed by `offsets`:
    /// from which minute on it is how many minutes ahead.
    func fires(in minutes: Range<Int>, offsets: [(from: Int, ahead: Int)]) -> [Int] {
        let days = days(minutes.upperBound / 1440 + 2)
        let minutesOfDay = (0..<1440).map { fields[0].values[$0 % 60] && fields[1].values[$0 / 60] }
        func matches(_ wall: Int) -> Bool { days[wall / 1440] && minutesOfDay[wall % 1440] }
        let isByClock = !fields[0].isStar && !fields[1].isStar
        var fires: [Int] = []
        var shown: Int?
        var change = offsets.lastIndex { $0.from <= minutes.lowerBound } ?? 0
        for minute in minutes {
            while change + 1 < offsets.count, offsets[change + 1].from <= minute { change += 1 }
            let wall = minute + offsets[change].ahead
            if isByClock {
                // What the clock has not shown before: one minute, none when it was set back, several when it was put on.
                let last = shown ?? wall - 1
                if wall > last {
                    if (last + 1...wall).contains(where: matches) { fires.append(minute) }
                    shown = wall
                }
            } else if matches(wall) {
                fires.append(minute)
            }
        }
        return fires
    }
}
