internal import Documents
internal import JSON

/// Schedules, as the calendar of the queue has them.
enum PlanCron {
    private static let nicknames: Set<String> = [
        "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually",
    ]
    private static let fields: [(name: String, range: ClosedRange<Int>, words: [String])] = [
        ("minute", 0...59, []), ("hour", 0...23, []), ("day of month", 1...31, []),
        ("month", 1...12, ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]),
        ("day of week", 0...7, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
    ]

    /// What is wrong with an expression; nil: nothing.
    static func mistake(_ text: String) -> String? {
        let words = text.split(separator: " ")
        guard let first = words.first?.lowercased() else { return "it is empty" }
        if first == "every" || first == "@every" {
            let isDuration = DurationText.duration(.string(words.dropFirst().joined())) != nil
            return isDuration ? nil : "every is followed by a duration, as in every 15m"
        }
        if first.hasPrefix("@") {
            return words.count == 1 && nicknames.contains(first) ? nil : "there is no \(first.prefix(40))"
        }
        guard words.count == fields.count else { return "it has \(words.count) fields, not 5" }
        for (word, field) in zip(words, fields) {
            if let mistake = mistake(word.uppercased(), field) { return "\(field.name): \(mistake)" }
        }
        return nil
    }

    private static func mistake(
        _ text: String, _ field: (name: String, range: ClosedRange<Int>, words: [String])
    ) -> String? {
        if text == "?", field.name.hasPrefix("day") { return nil }
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let ends = parts[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            var values: [Int] = []
            if parts[0] != "*" {
                for end in ends {
                    guard let value = value(end, field.words, field.range.lowerBound) else {
                        return "\"\(item.prefix(20))\" is not understood"
                    }
                    guard field.range.contains(value) else {
                        return "\(value) is not between \(field.range.lowerBound) and \(field.range.upperBound)"
                    }
                    values.append(value)
                }
                // A week may end on Sunday, which begins it.
                if field.range.upperBound == 7, values.count == 2, values[1] == 0 { values[1] = 7 }
                if values.count == 2, values[1] < values[0] { return "the range \(parts[0]) runs backwards" }
            }
            guard parts.count == 2 else { continue }
            if values.count == 1 { return "\"\(item.prefix(20))\" is a step without a range" }
            guard let step = Int(parts[1]), (1...field.range.upperBound).contains(step) else {
                return "the step in \"\(item.prefix(20))\" is not between 1 and \(field.range.upperBound)"
            }
        }
        return nil
    }

    private static func value(_ text: Substring, _ words: [String], _ lowest: Int) -> Int? {
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return Int(text) }
        guard let place = words.firstIndex(where: { text.hasPrefix($0) }) else { return nil }
        return place + lowest
    }
}
