import ArgumentParser

/// A length of time as people write it: `500ms`, `30s`, `5m`, `1h30m`, `2d`.
struct TimeSpan: ExpressibleByArgument, Sendable {
    let duration: Duration
    /// As it was written; also what help shows as a default.
    let defaultValueDescription: String

    private static let units: [(name: String, milliseconds: Double)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
    ]

    init?(argument: String) {
        var rest = argument[...]
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let name = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let value = Double(number), let unit = Self.units.first(where: { $0.name == name }) else {
                return nil
            }
            total += value * unit.milliseconds
        }
        // A hundred years; beyond that the database's own types end somewhere.
        guard total <= 100 * 366 * 86_400_000.0 else { return nil }
        duration = .milliseconds(Int64(total.rounded()))
        defaultValueDescription = argument
    }
}
