import Orchestration

/// Evaluations as a person reads them.
enum EvaluationText {
    static func percent(_ part: Double) -> String { "\(Int((part * 100).rounded()))%" }

    static func score(_ score: Double) -> String {
        let hundredths = Int((score * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }

    static func money(_ usd: Double) -> String {
        // Cents are too coarse for what a run costs.
        let digits = String(Int((usd * 1_000_000).rounded()))
        let padded = String(repeating: "0", count: max(0, 7 - digits.count)) + digits
        return "$\(padded.dropLast(6)).\(padded.suffix(6))"
    }

    static func seconds(_ seconds: Double?) -> String? { seconds.map { TimeText.duration(milliseconds: $0 * 1000) } }

    /// The summary, and the examples, those that have not passed first.
    static func print(_ results: [EvaluationResult], of evaluation: EvaluationRecord, most: Int) {
        let summary = EvaluationSummary(results)
        let terminal = Terminal.output
        terminal.line(
            terminal.styled(.bold, evaluation.name)
                + "  evaluation \(evaluation.id), plan \(evaluation.plan)@\(evaluation.version)")
        var line = "\(summary.passed) of \(Plural.of(summary.examples, "example")) passed"
        if summary.errors > 0 { line += ", \(Plural.of(summary.errors, "error"))" }
        if let median = seconds(summary.median) { line += "; \(median) (median), \(seconds(summary.p95) ?? "") (95%)" }
        if let usd = summary.usd { line += "; \(money(usd)), \(summary.tokens) tokens" }
        terminal.line(line)
        terminal.line()
        var table = Table([
            .init("SCORER", isFlexible: true), .init("MEAN", isRight: true), .init("PASSED", isRight: true),
            .init("95% INTERVAL", isRight: true), .init("EXAMPLES", isRight: true),
        ])
        for scorer in summary.scorers {
            table.add([
                .init(scorer.scorer), .init(score(scorer.mean)), .init(percent(scorer.passRate)),
                .init("\(percent(scorer.low)) to \(percent(scorer.high))"), .init(scorer.examples),
            ])
        }
        table.print(whenEmpty: "no scores")
        terminal.line()
        var examples = Table([
            .init("EXAMPLE"), .init("RUN", isRight: true), .init("PASSED"), .init("SCORES"),
            .init("TIME", isRight: true),
            .init("WHY", isFlexible: true),
        ])
        let sorted = results.enumerated().sorted {
            ($0.element.passed == true ? 1 : 0, $0.offset) < ($1.element.passed == true ? 1 : 0, $1.offset)
        }.map(\.element)
        for result in sorted.prefix(most) {
            let scores = (result.scores ?? [:]).sorted { $0.key < $1.key }
            examples.add([
                .init(result.example), .init(result.run.map { "\($0)" }),
                .init(result.passed == true ? "yes" : "no", result.passed == true ? .green : .red),
                .init(scores.map { score($0.value.score) }.joined(separator: " ")),
                .init(seconds(result.seconds), .dim),
                .init(result.error ?? scores.compactMap { $0.value.why }.first),
            ])
        }
        examples.print(whenEmpty: "no examples")
        if sorted.count > most { terminal.line(terminal.styled(.dim, "\(sorted.count - most) more: --all")) }
    }
}
