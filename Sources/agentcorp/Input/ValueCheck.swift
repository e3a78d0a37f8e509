import ArgumentParser

/// Checks of values that several commands take.
enum ValueCheck {
    static func limit(_ limit: Int) throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit is 1 to 100000, not \(limit).") }
    }

    static func exact(_ name: String, _ text: String?) throws {
        guard let text, Moment.exact(text) == nil else { return }
        throw ValidationError("\(name): \"\(text)\" is not a moment with a time zone, as 2026-01-31T09:30:00Z.")
    }

    static func past(_ name: String, _ text: String?) throws {
        guard let text, Moment.past(text) == nil else { return }
        throw ValidationError(
            "\(name): \"\(text)\" is neither a moment, as 2026-01-31T09:30:00Z, nor a time that has passed, as 2h.")
    }
}
