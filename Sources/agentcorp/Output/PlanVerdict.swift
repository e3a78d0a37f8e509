import Plans

/// What a check says of one plan.
struct PlanVerdict: Encodable {
    let file: String
    let plan: String?
    let bounds: PlanBounds?
    let issues: [PlanIssue]
    /// How many more mistakes there are.
    let unlisted: Int?
    /// The user's and the built-in kinds that it names.
    let kinds: Set<String>
    private let report: PlanReport

    private enum CodingKeys: String, CodingKey {
        case file, plan, bounds, issues, unlisted
    }

    init(file: String, _ report: PlanReport) {
        self.file = file
        plan = report.plan?.name
        bounds = report.isGood ? report.bounds : nil
        issues = report.issues
        unlisted = report.unlisted > 0 ? report.unlisted : nil
        kinds = report.plan.map(Self.kinds) ?? []
        self.report = report
    }

    /// Those of plans that are written out in it, too.
    private static func kinds(_ plan: Plan) -> Set<String> {
        plan.tasks.reduce(into: []) { kinds, task in
            switch task.verb {
            case .kind(let kind, _): kinds.insert(kind)
            case .plan(.inline(let inner), _): kinds.formUnion(Self.kinds(inner))
            default: break
            }
        }
    }

    func print() {
        report.printIssues()
        guard issues.isEmpty, let bounds else { return }
        let most = [
            bounds.tasks.map { Self.count($0, "task") } ?? "any number of tasks",
            bounds.modelCalls.map { Self.count($0, "model call") } ?? "any number of model calls",
            bounds.usd.map { "$\(Self.figure($0))" } ?? "cost not known",
        ]
        Terminal.output.line(
            DisplayText.printable(
                "\(file): \(plan ?? "no name"), \(Self.count(report.plan?.tasks.count ?? 0, "task")); a run: at most \(most.joined(separator: ", "))"
            ))
    }

    private static func count(_ count: Int, _ word: String) -> String {
        count == .max ? "countless \(word)s" : Plural.of(count, word)
    }

    /// Without needless digits.
    private static func figure(_ usd: Double) -> String {
        let rounded = (usd * 10_000).rounded(.up) / 10_000
        return rounded == rounded.rounded() && rounded < 1e15 ? "\(Int(rounded))" : "\(rounded)"
    }
}
