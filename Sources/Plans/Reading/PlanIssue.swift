/// Something that is wrong with a plan.
public struct PlanIssue: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The file, as it was named; nil when the plan does not come from one.
    public var file: String?
    /// Where it stands in the file; from 1.
    public var line: Int?
    /// In characters, from 1.
    public var column: Int?
    /// A JSON pointer (RFC 6901) to the place in the document; empty for all of it.
    public let pointer: String
    /// What is wrong there.
    public let message: String
    /// What to do about it; may be empty.
    public let advice: String

    public init(pointer: String, message: String, advice: String = "") {
        self.pointer = pointer
        self.message = message
        self.advice = advice
    }

    public var description: String {
        let place = [file, line.map(String.init), column.map(String.init)].compactMap { $0 }.joined(separator: ":")
        let start = [place, pointer].filter { !$0.isEmpty }.joined(separator: " ")
        return (start.isEmpty ? "" : start + ": ") + message + (advice.isEmpty ? "" : ". \(advice)")
    }
}

/// All that is wrong with a plan.
public struct PlanError: Error, Sendable, Hashable, CustomStringConvertible {
    /// At least one, in the order of the document where it comes from a file.
    public let issues: [PlanIssue]

    public init(_ issues: [PlanIssue]) {
        self.issues = issues
    }

    public var description: String { issues.map(\.description).joined(separator: "\n") }
}
