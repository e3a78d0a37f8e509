import ArgumentParser
import JSON
import Orchestration
import Queue

/// `agentcorp eval`: runs plans over sets of examples, and compares how they do.
struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Run a plan over a set of examples, score it, and compare two such evaluations.",
        discussion: """
            EXAMPLES
              agentcorp eval set.jsonl --plan capitals
              agentcorp eval set.jsonl --plan capitals@2 --scorer exact --scorer 'judge=critic:Is it friendly?' --name v2
              agentcorp eval list
              agentcorp eval show v2
              agentcorp eval compare v1 v2
            """,
        subcommands: [Run.self, List.self, Show.self, Compare.self, Remove.self], defaultSubcommand: Run.self)

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run a plan over a set of examples, and score what comes of each.",
            discussion: """
                EXAMPLES
                  agentcorp eval set.jsonl --plan capitals --parallel 8
                  agentcorp eval set.jsonl --plan capitals --scorer contains --scorer 'expression=len(output) < 200'
                  agentcorp eval set.jsonl --plan capitals --resume

                Each line of the set is {"input": ..., "expected": ..., "id": "...", "tags": [...]}; only the input must be \
                there. Scorers: exact, contains[=TEXT], regex=PATTERN, schema=FILE, numeric[=TOLERANCE], \
                expression=EXPRESSION (over output, expected and input), judge=AGENT[:RUBRIC], or one as JSON: \
                '{"type": "judge", "agent": "critic", "rubric": "...", "pass": 0.8, "name": "tone"}'. Workers do it: it goes \
                on when this command is interrupted, and --resume watches it again. The exit code is 1 when an example \
                has not passed.
                """)

        @Argument(help: "A file with a JSON object on each line, or - for stdin.") var set: String
        @Option(help: ArgumentHelp("The plan; NAME@VERSION for another than the current one.", valueName: "plan"))
        var plan: String
        @Option(help: ArgumentHelp("How to score; may be repeated. Default: exact.", valueName: "scorer"))
        var scorer: [String] = []
        @Option(help: ArgumentHelp("How many examples run at once.", valueName: "n")) var parallel = 4
        @Option(help: ArgumentHelp("What to call it. Default: the plan.", valueName: "name")) var name: String?
        @Flag(help: "Go on with one of that name over the same set, where there is one.") var resume = false
        @Flag(help: "Do not wait: print the id.") var detach = false
        @Flag(help: "Show every example.") var all = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let examples = try EvaluationInput.examples(set)
            let scorers = try scorer.isEmpty ? [EvaluationScorer(.exact)] : scorer.map(EvaluationInput.scorer)
            let (plan, version) = try EvaluationInput.plan(plan)
            try await connection.withManager { manager in
                let orchestrator = Orchestrator(manager)
                let id = try await orchestrator.evaluate(
                    plan, version: version, over: examples, by: scorers, named: name, parallel: parallel,
                    resumes: resume)
                guard !detach else { return Terminal.output.line("\(id)") }
                let ended: Void? = try await Interruption.race {
                    while try await orchestrator.evaluation("\(id)").finishedAt == nil {
                        try await Task.sleep(for: .milliseconds(300))
                        guard try await !manager.standing(of: id).state.isFinal else { break }
                    }
                }
                guard ended != nil else {
                    throw CommandError(
                        .interrupted,
                        "interrupted; evaluation \(id) goes on without you.\n  look at it:  agentcorp eval show \(id)\n  cancel it:   agentcorp tasks cancel \(id)"
                    )
                }
                let results = try await orchestrator.results(ofEvaluation: "\(id)")
                if listing.json {
                    try ListingOptions.printJSON(results)
                } else {
                    EvaluationText.print(
                        results, of: try await orchestrator.evaluation("\(id)"), most: all ? .max : 20)
                }
                if results.contains(where: { $0.passed != true }) { throw ExitStatus.taskFailed }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List evaluations, the latest first.",
            discussion: """
                EXAMPLES
                  agentcorp eval list
                """)

        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 50
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let evaluations = try await connection.withManager { try await Orchestrator($0).evaluations(limit: limit) }
            try listing.print(
                evaluations,
                [
                    .init("ID", isRight: true), .init("NAME", isFlexible: true), .init("PLAN"),
                    .init("DONE", isRight: true), .init("PASSED", isRight: true), .init("ERRORS", isRight: true),
                    .init("COST", isRight: true),
                ], whenEmpty: "no evaluations"
            ) { evaluation in
                [
                    .init(evaluation.id), .init(evaluation.name), .init("\(evaluation.plan)@\(evaluation.version)"),
                    .init("\(evaluation.done)/\(evaluation.examples)"), .init(evaluation.passed),
                    .init(evaluation.errors), .init(evaluation.usd.map { EvaluationText.money($0) }),
                ]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show an evaluation: scores, cost and time, and its examples.",
            discussion: """
                EXAMPLES
                  agentcorp eval show v2 --all
                """)

        @Argument(help: "Its name (the latest of it) or id.") var evaluation: String
        @Flag(help: "Show every example.") var all = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let (record, results) = try await connection.withManager { manager in
                let orchestrator = Orchestrator(manager)
                return (
                    try await orchestrator.evaluation(evaluation),
                    try await orchestrator.results(ofEvaluation: evaluation)
                )
            }
            guard !listing.json else { return try ListingOptions.printJSON(results) }
            EvaluationText.print(results, of: record, most: all ? .max : 20)
        }
    }

    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare two evaluations, example by example.",
            discussion: """
                EXAMPLES
                  agentcorp eval compare v1 v2

                Examples with the same id and input are compared. A win is an example that the second does better; p says how \
                probable so unequal a count is by chance (two-sided sign test).
                """)

        @Argument(help: "The name or id of one.") var a: String
        @Argument(help: "The name or id of the other.") var b: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let comparison = try await connection.withManager { try await Orchestrator($0).compareEvaluations(a, b) }
            guard !listing.json else { return try ListingOptions.printJSON(comparison.changed) }
            var table = Table([
                .init("SCORER", isFlexible: true), .init("MEAN A", isRight: true), .init("MEAN B", isRight: true),
                .init("WINS", isRight: true), .init("LOSSES", isRight: true), .init("TIES", isRight: true),
                .init("P", isRight: true),
            ])
            for line in comparison.scorers {
                table.add([
                    .init(line.scorer), .init(EvaluationText.score(line.meanA)),
                    .init(EvaluationText.score(line.meanB)),
                    .init(line.wins), .init(line.losses), .init(line.ties), .init(EvaluationText.score(line.p)),
                ])
            }
            table.print(whenEmpty: "no examples in common")
            for pair in comparison.changed.prefix(20) {
                Terminal.output.line()
                let scores = [pair.scoreA, pair.scoreB].map { $0.map(EvaluationText.score) ?? "-" }
                Terminal.output.line(
                    Terminal.output.styled(.bold, pair.example)
                        + "  \(pair.scorer) \(scores[0]) > \(scores[1])"
                        + "  runs \(pair.runA.map { "\($0)" } ?? "-"), \(pair.runB.map { "\($0)" } ?? "-")")
                for line in JSONDifference.lines(pair.outputA, pair.outputB) {
                    Terminal.output.line("  " + DisplayText.printable(line))
                }
            }
            if comparison.changed.count > 20 {
                Terminal.output.line("\(comparison.changed.count - 20) more: --json")
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove an evaluation and its results.",
            discussion: """
                EXAMPLES
                  agentcorp eval remove 17
                """)

        @Argument(help: "Its name (the latest of it) or id.") var evaluation: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { try await Orchestrator($0).removeEvaluation(evaluation) }
            Terminal.output.line("removed \(DisplayText.printable(evaluation))")
        }
    }
}
