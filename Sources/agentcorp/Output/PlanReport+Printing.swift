import Plans

extension PlanReport {
    /// What is wrong, on stderr.
    func printIssues() {
        for issue in issues { Terminal.errors.note(.red, "error", DisplayText.printable("\(issue)")) }
        if unlisted > 0 {
            let file = issues.first?.file.map { "\($0): " } ?? ""
            Terminal.errors.note(
                .red, "error",
                DisplayText.printable("\(file)there are \(Plural.of(unlisted, "more mistake"))"))
        }
    }
}
