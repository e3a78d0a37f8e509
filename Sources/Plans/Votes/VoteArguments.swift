internal import Documents
public import JSON

/// A vote with everything filled in: what it is about, who votes, how it is counted.
public struct VoteArguments: Sendable {
    private static let fields = ["options", "question", "authors", "budget"]
    /// In the place of what was filled in, which may look like templates and is none.
    private static let placeholder: JSONValue = ["", ""]

    public let options: VoteOptions
    /// Nil: which of the options is best.
    public let question: String?
    public let vote: PlanVote
    /// For all ballots together: `{"usd", "tokens", "turns", "time"}`.
    public let budget: JSONValue?

    /// Reads `{"options", "question", "authors", "budget"}` and what else a vote in a plan says.
    ///
    /// Throws all that is wrong with it.
    public init(_ json: JSONValue) throws(PlanError) {
        let issues = IssueList(file: "")
        let advice = "Write {\"options\": [...], \"voters\": [...], \"rule\": \"majority\"}."
        guard case .object(var members) = json else {
            throw PlanError([PlanIssue(pointer: "", message: "is no object", advice: advice)])
        }
        options = Self.options(members, issues)
        question = Self.question(members["question"], issues)
        budget = members["budget"].flatMap { $0 == .null ? nil : $0 }
        for name in Self.fields { members[name] = nil }
        members["options"] = Self.placeholder
        var vote: PlanVote?
        var fields = DocumentFields(members, at: "", issues)
        if case .vote(let found)? = PlanReader(issues: issues).vote(&fields) { vote = found }
        fields.refuseOthers()
        guard let vote, issues.issues.isEmpty else { throw PlanError(issues.planIssues) }
        self.vote = vote
    }

    private static func options(_ members: [String: JSONValue], _ issues: IssueList) -> VoteOptions {
        guard case .array(let values)? = members["options"], values.count <= VoteOptions.most else {
            issues.add("/options", "must be an array of at most \(VoteOptions.most) options", "")
            return VoteOptions([])
        }
        guard let given = members["authors"], given != .null else { return VoteOptions(values) }
        guard case .array(let authors) = given, authors.count == values.count,
            authors.allSatisfy({ $0 == .null || $0.string != nil })
        else {
            issues.add("/authors", "must be an array with a name, or null, for each option", "")
            return VoteOptions([])
        }
        return VoteOptions(values, authors: authors.map(\.string))
    }

    private static func question(_ value: JSONValue?, _ issues: IssueList) -> String? {
        switch value {
        case nil, .null?: return nil
        case .string(let text)?: return text
        case .some: issues.add("/question", "must be a string", "")
        }
        return nil
    }
}
