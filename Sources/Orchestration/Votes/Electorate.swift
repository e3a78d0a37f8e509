internal import Agents
internal import JSON
internal import Plans
internal import Worker

/// The agents that vote, and the one that judges, all by name.
struct Electorate: Sendable {
    /// What is recorded of a choice by role.
    private struct Seat: Codable {
        let role: String?
        let skills: [String]
        let pick: String?
        let agent: String
    }

    let voters: [String]
    let judge: String?

    /// Chooses those that are not named, once: nobody gets two seats while there are others.
    init(_ vote: PlanVote, _ context: TaskContext) async throws {
        let judge: AgentChoice? =
            switch (vote.rule, vote.tie) {
            case (.judge(let choice), _): choice
            case (_, .judge(let choice)): choice
            default: nil
            }
        let choices = vote.voters.map(\.agent) + (judge.map { [$0] } ?? [])
        var names = choices.compactMap(\.name)
        if names.count < choices.count {
            let seats = try await context.step("route") { [names] in
                var taken = names
                var seats: [Seat] = []
                for choice in choices {
                    let seat = try await Self.seat(choice, besides: taken, AgentPool(context.pool))
                    seats.append(seat)
                    taken.append(seat.agent)
                }
                return seats
            }
            names = seats.map(\.agent)
        }
        voters = Array(names.prefix(vote.voters.count))
        self.judge = judge == nil ? nil : names.last
    }

    private static func seat(_ choice: AgentChoice, besides taken: [String], _ pool: AgentPool) async throws -> Seat {
        guard case .role(let role, let skills, let pick) = choice else {
            return Seat(role: nil, skills: [], pick: nil, agent: choice.name ?? "")
        }
        // There is no work to compare candidates by: a model is not asked.
        let preference: AgentPool.Preference = pick == .cheapest ? .cheapest : .leastBusy
        let other = try await pool.pick(role: role, skills: skills, by: preference, besides: taken)
        var agent = other
        if agent == nil { agent = try await pool.pick(role: role, skills: skills, by: preference) }
        return Seat(role: role, skills: skills, pick: pick.rawValue, agent: agent ?? "")
    }
}
