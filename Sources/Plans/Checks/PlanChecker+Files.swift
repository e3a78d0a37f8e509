internal import Documents
internal import JSON

extension PlanChecker {
    /// Checks a plan in a file: JSON when its name ends with `.json`, else YAML. Each issue says its line.
    public func check(file path: String) -> PlanReport {
        do throws(DocumentFile.Failure) {
            let text = try DocumentFile.text(path, within: nil, largest: DocumentText.Bounds.plan.bytes)
            return check(text: text, isJSON: path.hasSuffix(".json"), file: path)
        } catch {
            return Self.report(error, file: path)
        }
    }

    /// Checks the text of a file.
    public func check(text: String, isJSON: Bool, file: String? = nil) -> PlanReport {
        let document: DocumentText
        do throws(DocumentFile.Failure) {
            document = try DocumentText(text, isJSON: isJSON, bounds: .plan)
        } catch {
            return Self.report(error, file: file)
        }
        let report = check(document.value)
        guard !report.isGood else { return report }
        let marks = document.marks()
        let issues = report.issues.enumerated().map { order, issue in
            var issue = issue
            issue.file = file
            if let position = marks.position(of: issue.pointer) {
                (issue.line, issue.column) = position
            }
            return (issue: issue, place: (issue.line ?? 0, issue.column ?? 0, order))
        }
        return PlanReport(
            plan: report.plan, issues: issues.sorted { $0.place < $1.place }.map(\.issue), unlisted: report.unlisted,
            bounds: report.bounds)
    }

    private static func report(_ failure: DocumentFile.Failure, file: String?) -> PlanReport {
        var issue = PlanIssue(pointer: "", message: failure.problem, advice: failure.advice)
        issue.file = file
        issue.line = failure.line
        issue.column = failure.column
        return PlanReport(plan: nil, issues: [issue], bounds: nil)
    }
}
