import Agents
import JSON
import Orchestration
import Plans
import Queue

/// Checks plans against what the database has, and loads them.
struct PlanDesk: Sendable {
    let manager: TaskManager
    /// Agents that are about to be loaded.
    let agents: [AgentConfig]

    init(_ manager: TaskManager, agents: [AgentConfig] = []) {
        self.manager = manager
        self.agents = agents
    }

    /// A plan that was loaded, for people and programs.
    struct Loaded: Encodable, Sendable {
        let name: String
        let version: Int
        /// `new`, `new version`, `earlier version` or `unchanged`.
        let change: String
    }

    /// Checks all, and loads them when nothing is wrong with any.
    func load(_ sources: [RunSource.PlanText]) async throws -> [Loaded] {
        let plans = try await check(sources)
        let orchestrator = Orchestrator(manager)
        let known = Dictionary(try await orchestrator.plans().map { ($0.name, $0.version) }) { $1 }
        return try await orchestrator.load(plans).map { plan in
            let before = known[plan.name]
            let change =
                !plan.isNew
                ? "unchanged" : before.map { plan.version > $0 ? "new version" : "earlier version" } ?? "new"
            return Loaded(name: plan.name, version: plan.version, change: change)
        }
    }

    /// The plans, all of which can be run. What is wrong with any of them goes to stderr.
    func check(_ sources: [RunSource.PlanText]) async throws -> [Plan] {
        let vocabulary = try await vocabulary(with: sources)
        let reports = sources.map {
            PlanChecker(vocabulary: vocabulary).check(text: $0.text, isJSON: $0.isJSON, file: $0.file)
        }
        var plans: [Plan] = []
        var isGood = true
        for (source, report) in zip(sources, reports) {
            report.printIssues()
            guard report.isGood, let plan = report.plan else {
                isGood = false
                continue
            }
            if plan.name == nil {
                isGood = false
                Terminal.errors.note(
                    .red, "error", "\(source.file): has no name. Give it \"plan\": \"NAME\" to load or run it")
            }
            plans.append(plan)
        }
        guard isGood else { throw ExitStatus.badInput }
        let names = plans.compactMap(\.name)
        if let twice = Dictionary(grouping: names, by: { $0 }).first(where: { $1.count > 1 })?.key {
            throw CommandError(.badInput, "two of the files are of plan \"\(twice)\".")
        }
        return plans
    }

    /// What the database has, the agents that are about to be loaded, and the plans themselves, which may name each other.
    private func vocabulary(with sources: [RunSource.PlanText]) async throws -> PlanVocabulary {
        var vocabulary = try await Orchestrator(manager).vocabulary()
        for agent in agents { vocabulary.agents?[agent.name] = PlanVocabulary.Agent(agent) }
        vocabulary.add(sources)
        return vocabulary
    }
}

extension PlanVocabulary {
    /// Plans that are checked together may name each other.
    mutating func add(_ sources: [RunSource.PlanText]) {
        for source in sources {
            guard let plan = PlanChecker().check(text: source.text, isJSON: source.isJSON).plan, let name = plan.name
            else { continue }
            plans = plans ?? [:]
            plans?[name] = plan.document
        }
    }
}
