internal import Documents

/// Something that is wrong with an agent's configuration.
public struct AgentConfigIssue: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The file, as it was named.
    public let file: String
    /// A JSON pointer (RFC 6901) to the field; empty for the whole file.
    public let pointer: String
    /// What is wrong there.
    public let message: String
    /// What to do about it; may be empty.
    public let advice: String

    public init(file: String, pointer: String = "", message: String, advice: String = "") {
        self.file = file
        self.pointer = pointer
        self.message = message
        self.advice = advice
    }

    public var description: String {
        let place = [file, pointer].filter { !$0.isEmpty }.joined(separator: " ")
        return (place.isEmpty ? "" : place + ": ") + message + (advice.isEmpty ? "" : ". \(advice)")
    }
}

/// All that is wrong with a configuration, or with a folder of them.
public struct AgentConfigError: Error, Sendable, Hashable, CustomStringConvertible {
    /// In the order of the files; at least one.
    public let issues: [AgentConfigIssue]

    public init(_ issues: [AgentConfigIssue]) {
        self.issues = issues
    }

    public var description: String { issues.map(\.description).joined(separator: "\n") }
}

extension IssueList {
    var configIssues: [AgentConfigIssue] {
        issues.map { AgentConfigIssue(file: file, pointer: $0.pointer, message: $0.message, advice: $0.advice) }
    }

    func throwIfAny() throws(AgentConfigError) {
        if !issues.isEmpty { throw AgentConfigError(configIssues) }
    }
}
