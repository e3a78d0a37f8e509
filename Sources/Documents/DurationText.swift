package import JSON

/// Durations as people write them: `30s`, `10m`, `1h30m`, or a number of seconds.
package enum DurationText {
    private static let units: [(name: String, seconds: Double)] = [
        ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1), ("ms", 0.001),
    ]

    /// Nil for what is none, for nothing, and for over a hundred years.
    package static func duration(_ value: JSONValue) -> Duration? {
        let seconds = value.double ?? value.string.flatMap { Self.seconds($0) }
        guard let seconds, seconds > 0, seconds <= 3_155_760_000 else { return nil }
        return .milliseconds(Int64((seconds * 1000).rounded()))
    }

    private static func seconds(_ text: String) -> Double? {
        var rest = Substring(text)
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { "0123456789.".contains($0) }
            guard let number = Double(digits) else { return nil }
            let unit = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard let factor = units.first(where: { $0.name == unit })?.seconds else { return nil }
            total += number * factor
            rest = rest.dropFirst(digits.count + unit.count)
        }
        return total
    }

    /// In the largest unit that leaves nothing over.
    package static func text(_ duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        for (name, seconds) in units where seconds >= 1 && milliseconds % Int64(seconds * 1000) == 0 {
            return "\(milliseconds / Int64(seconds * 1000))\(name)"
        }
        return "\(milliseconds)ms"
    }
}
