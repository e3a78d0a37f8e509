internal import FoundationEssentials

/// How many tests may have a database or a server at once.
///
/// Swift Testing starts all tests together. Hundreds of databases with their pools would slow each other down until
/// deadlines pass that have nothing to do with the code under test.
public actor TestSlots {
    public static let shared = TestSlots(max(4, 2 * ProcessInfo.processInfo.activeProcessorCount))

    private var free: Int
    private var waiters: [CheckedContinuation<Void, Never>] = []

    private init(_ count: Int) { free = count }

    /// Waits for a slot and keeps it while `body` runs.
    ///
    /// `body` must not ask for another one: all slots could be held by those who wait for a second.
    public nonisolated func withSlot<Result>(_ body: () async throws -> Result) async throws -> Result {
        await take()
        do {
            let result = try await body()
            await giveBack()
            return result
        } catch {
            await giveBack()
            throw error
        }
    }

    private func take() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiters.append($0) }
    }

    private func giveBack() {
        if waiters.isEmpty { free += 1 } else { waiters.removeFirst().resume() }
    }
}
