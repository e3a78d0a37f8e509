/// What a second run of the same tool call would do to the world: decides what happens to one that was interrupted.
public enum ToolEffect: String, Sendable, Codable, CaseIterable, Comparable {
    /// Changes nothing: it may run again, and beside others.
    case pure
    /// Running it again leaves the same state: it may run again.
    case idempotent
    /// Running it again would happen twice: it never does without a person's or the tool's own word.
    case once

    /// By strictness: `pure` is the mildest.
    public static func < (left: ToolEffect, right: ToolEffect) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}
