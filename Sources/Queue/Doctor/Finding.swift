/// What one check of the doctor has found.
public struct Finding: Sendable, Hashable, Codable {
    /// How bad it is; the order is that of badness.
    public enum Severity: String, Sendable, Codable, CaseIterable, Comparable {
        case ok, note, warning, error

        public static func < (left: Severity, right: Severity) -> Bool {
            allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
        }
    }

    public let check: String
    public let severity: Severity
    /// What was found, with figures.
    public let found: String
    /// What to do about it, in a sentence or two.
    public let mend: String?
    /// The statement that does it.
    public let fix: String?
    /// Whether the statement destroys nothing and may run at any time: `--fix` runs these.
    public let isSafe: Bool

    public init(
        _ check: String, _ severity: Severity, _ found: String, mend: String? = nil, fix: String? = nil,
        isSafe: Bool = false
    ) {
        self.check = check
        self.severity = severity
        self.found = found
        self.mend = mend
        self.fix = fix
        self.isSafe = isSafe
    }

    enum CodingKeys: String, CodingKey {
        case severity, found, mend, fix
        case check = "check_name"
        case isSafe = "safe"
    }
}
