import ArgumentParser

/// How log lines look.
enum LogFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// `2026-01-31T09:30:00.123Z info claimed count=3`
    case text
    /// An object per line.
    case json
}
