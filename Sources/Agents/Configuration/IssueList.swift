/// What is found wrong with one file while it is read: reading goes on, so that all of it is said at once.
final class IssueList {
    let file: String
    private(set) var issues: [AgentConfigIssue] = []

    init(file: String) {
        self.file = file
    }

    func add(_ pointer: String, _ message: String, _ advice: String = "") {
        issues.append(AgentConfigIssue(file: file, pointer: pointer, message: message, advice: advice))
    }

    func throwIfAny() throws(AgentConfigError) {
        if !issues.isEmpty { throw AgentConfigError(issues) }
    }
}
