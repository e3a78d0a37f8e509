internal import JSON
internal import Plans
internal import Postgres
internal import Queue
internal import Synchronization
internal import Worker

/// The versions of plans that a process has read. They never change.
final class PlanLibrary: Sendable {
    /// Documents of more bytes than these together are not kept.
    private static let most = 64 << 20

    private struct Shelf {
        var plans: [Int64: (plan: Plan, bytes: Int, used: Int)] = [:]
        var clock = 0
        var bytes = 0
    }

    private let shelf = Mutex(Shelf())

    func plan(_ version: Int64, _ link: PlanLink) async throws -> Plan {
        if let plan = look(version) { return plan }
        let document = try await link.document(version)
        let plan: Plan
        do {
            plan = try PlanReader.plan(from: document.value)
        } catch {
            throw PermanentFailure("version \(version) of a plan cannot be read: \(error)", reason: "plan")
        }
        keep(plan, version, bytes: document.bytes)
        return plan
    }

    /// The task at a place.
    func node(_ place: PlanPlace, _ link: PlanLink) async throws -> PlanNode {
        var plan = try await plan(place.version, link)
        var settings = plan.contextSettings
        for id in place.path.dropLast() {
            guard case .plan(.inline(let inner), _)? = plan[id]?.verb else { throw Self.lost(place) }
            plan = inner
            settings = inner.contextSettings ?? settings
        }
        guard let task = place.path.last.flatMap({ plan[$0] }) else { throw Self.lost(place) }
        return PlanNode(place: place, plan: plan, task: task, settings: settings)
    }

    private static func lost(_ place: PlanPlace) -> PermanentFailure {
        PermanentFailure(
            "version \(place.version) of a plan has no task \(place.path.joined(separator: "/"))", reason: "plan")
    }

    private func look(_ version: Int64) -> Plan? {
        shelf.withLock { shelf in
            shelf.clock += 1
            shelf.plans[version]?.used = shelf.clock
            return shelf.plans[version]?.plan
        }
    }

    private func keep(_ plan: Plan, _ version: Int64, bytes: Int) {
        shelf.withLock { shelf in
            guard shelf.plans[version] == nil else { return }
            shelf.plans[version] = (plan, bytes, shelf.clock)
            shelf.bytes += bytes
            while shelf.bytes > Self.most, shelf.plans.count > 1,
                let oldest = shelf.plans.min(by: { $0.value.used < $1.value.used })
            {
                shelf.bytes -= oldest.value.bytes
                shelf.plans[oldest.key] = nil
            }
        }
    }
}
