internal import FoundationEssentials

/// How many tests may have a database at once.
///
/// Swift Testing starts all tests together. Hundreds of databases with their pools would slow each other down until
/// deadlines pass that have nothing to do with the code under test.
actor TestSlots {
    static let shared = TestSlots(max(4, 2 * ProcessInfo.processInfo.activeProcessorCount))

    private var free: Int
    private var waiters: [CheckedContinuation<Void, Never>] = []

    private init(_ count: Int) { free = count }

    /// Waits for a slot.
    func take() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiters.append($0) }
    }

    /// Gives a slot to whoever has waited longest.
    func giveBack() {
        if waiters.isEmpty { free += 1 } else { waiters.removeFirst().resume() }
    }
}
