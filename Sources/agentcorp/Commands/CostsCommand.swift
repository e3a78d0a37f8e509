import Agents
import ArgumentParser
import Providers

/// `agentcorp costs`: what models have been used for.
struct CostsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "costs",
        abstract: "Show what models have cost, by run, agent, model, provider or day.",
        discussion: """
            EXAMPLES
              agentcorp costs
              agentcorp costs --by model --since 7d
              agentcorp costs --by day --json

            The dearest come first, or the latest day (in UTC). A run goes by its root task. Turns of models without a price \
            are counted and named; no sum of dollars contains them.
            """)

    @Option(help: ArgumentHelp("run, agent, model, provider or day.", valueName: "what"))
    var by = CostFilter.Grouping.run
    @Option(help: ArgumentHelp("Not older: a moment, or as 2h.", valueName: "moment")) var since: String?
    @Option(help: ArgumentHelp("Older: a moment, or as 2h.", valueName: "moment")) var until: String?
    @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 100
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var listing: ListingOptions

    func validate() throws {
        try ValueCheck.limit(limit)
        for (name, text) in [("--since", since), ("--until", until)] { try ValueCheck.past(name, text) }
    }

    func run() async throws {
        let filter = CostFilter(
            by: by, since: since.flatMap { Moment.past($0) }?.date, until: until.flatMap { Moment.past($0) }?.date,
            limit: limit)
        let costs = try await connection.withBudgets { try await $0.costs(filter) }
        var columns: [Table.Column] = [.init(by.rawValue.uppercased(), isRight: by == .run, isFlexible: by != .run)]
        if by == .run { columns.append(.init("NAME", isFlexible: true)) }
        columns += ["TURNS", "INPUT", "CACHED", "OUTPUT", "USD"].map { .init($0, isRight: true) }
        columns.append(.init("NOTE", isFlexible: true))
        try listing.print(costs, columns, whenEmpty: "no model has been called") { cost in
            func count(_ tokens: Int64?) -> Table.Cell { .init(tokens.map { Plural.grouped(Int($0)) }) }
            var cells: [Table.Cell] = [.init(cost.name.isEmpty ? "-" : cost.name)]
            if by == .run { cells.append(.init(cost.label)) }
            cells += [
                .init(Plural.grouped(cost.turns)), count(cost.inputTokens), count(cost.cacheReadTokens),
                count(cost.outputTokens), .init(cost.usd?.description),
                .init(cost.unpriced > 0 ? MoneyText.unpriced(cost.unpriced) : nil, .yellow),
            ]
            return cells
        }
        guard !listing.json, costs.count > 1 else { return }
        let usd = costs.compactMap(\.usd)
        let unpriced = costs.reduce(0) { $0 + $1.unpriced }
        let total = usd.isEmpty ? nil : "\(usd.reduce(USD.zero, +)) USD"
        Terminal.errors.line(
            Terminal.errors.styled(
                .dim,
                "together: "
                    + [total, unpriced > 0 ? MoneyText.unpriced(unpriced) : nil].compactMap { $0 }.joined(
                        separator: ", ")))
    }
}
