import Agents
import ArgumentParser
import JSON
import Orchestration
import Plans
import Queue

/// A run that is asked for. It is checked whole before anything of it is written.
struct RunOrder: Sendable {
    let source: RunSource
    let input: JSONValue
    let version: Int?
    /// Agents to load first.
    let folder: String?
    let queue: String
    let uniqueKey: String?

    /// A run about which everything is in order.
    struct Job: Sendable {
        fileprivate let order: RunOrder
        fileprivate let plan: Plan
        fileprivate let name: String
        fileprivate let agents: [AgentConfig]
        /// The user's and the built-in kinds that the plan, and those inside it, name.
        let kinds: Set<String>
        /// Where its tasks go.
        let queues: [String]

        /// Loads what is to be loaded, and starts the run.
        func submit(_ manager: TaskManager) async throws -> Int64 {
            if !agents.isEmpty { _ = try await AgentPool(manager.database).put(agents) }
            let orchestrator = Orchestrator(manager)
            var version = order.version
            if case .plan = order.source { version = try await orchestrator.load(plan.document, named: name).version }
            return try await orchestrator.run(
                name, input: order.input, version: version, uniqueKey: order.uniqueKey, queue: order.queue)
        }
    }

    /// - Parameter providers: Names of those that agents may have here.
    func check(_ manager: TaskManager, providers: [String]) async throws -> Job {
        let agents = try folderAgents(providers)
        let plan = try await plan(manager, agents)
        let violations = plan.input?.violations(of: input) ?? []
        for violation in violations {
            Terminal.errors.note(
                .red, "error", DisplayText.printable("input\(violation.pointer): \(violation.message)"))
        }
        guard violations.isEmpty else { throw ExitStatus.badInput }
        let (kinds, queues) = try await needs(of: plan, manager)
        return Job(
            order: self, plan: plan, name: plan.name ?? "", agents: agents, kinds: kinds,
            queues: [queue] + queues.union(["default"]).subtracting([queue]).sorted())
    }

    private func folderAgents(_ providers: [String]) throws -> [AgentConfig] {
        guard let folder else { return [] }
        var vocabulary = try VocabularyOptions.parse([]).vocabulary()
        vocabulary.providers?.formUnion(providers)
        let found = AgentFolder(reading: folder, vocabulary: vocabulary)
        guard found.issues.isEmpty else {
            AgentIssues.print(found.issues)
            throw ExitStatus.badInput
        }
        return found.entries.map(\.config)
    }

    private func plan(_ manager: TaskManager, _ agents: [AgentConfig]) async throws -> Plan {
        switch source {
        case .plan(let text): return try await PlanDesk(manager, agents: agents).check([text])[0]
        case .tree: throw CommandError(.badInput, "that is a tree of tasks, and no plan.")
        case .loaded(let name):
            let orchestrator = Orchestrator(manager)
            if let plan = try await orchestrator.plan(name, version: version) { return plan }
            let versions = try await orchestrator.versions(of: name)
            guard versions.isEmpty else {
                throw CommandError(
                    .notFound,
                    version.map { "plan \"\(name)\" has no version \($0). See: agentcorp plan versions \(name)" }
                        ?? "plan \"\(name)\" was removed. Load it again with: agentcorp plan load FILE")
            }
            throw CommandError(
                .notFound,
                "there is neither a file nor a plan \"\(name)\". See: agentcorp plan list")
        }
    }

    private func needs(of plan: Plan, _ manager: TaskManager) async throws -> (Set<String>, Set<String>) {
        var documents: [String: JSONValue]?
        var kinds: Set<String> = []
        var queues: Set<String> = []
        var seen: Set<String> = []
        var open = [plan]
        while let next = open.popLast() {
            for task in next.tasks {
                if let queue = task.queue { queues.insert(queue) }
                switch task.verb {
                case .kind(let kind, _): kinds.insert(kind)
                case .plan(.inline(let inner), _): open.append(inner)
                case .plan(.named(let name), _):
                    guard seen.insert(name).inserted else { continue }
                    if documents == nil { documents = try await Orchestrator(manager).documents() }
                    if let document = documents?[name] { open.append(try PlanReader.plan(from: document)) }
                default: continue
                }
            }
        }
        return (kinds, queues)
    }
}
