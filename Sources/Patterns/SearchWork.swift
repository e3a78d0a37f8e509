internal import CPCRE2

/// What a search may still do.
///
/// PCRE2's own limits begin anew at every place where a match may begin, and leave out the characters that one item
/// runs over: bounded by them alone, a search of a long text can take hours. Here an item costs a step, and as many
/// as there are bytes between the place of the item before it and its own. What is left is an item that runs over many
/// characters and fails, as `x{60000}` does: these are cut off by the clock.
struct SearchWork {
    private(set) var steps: Int
    private var position = 0
    private var calls: UInt8 = 0
    private var deadline: ContinuousClock.Instant?

    private static let time: Duration = .seconds(2)

    init(steps: Int) {
        self.steps = steps
    }

    /// PCRE2 calls this before every item of the pattern.
    static func spend(_ block: UnsafeMutablePointer<pcre2_callout_block_8>?, _ data: UnsafeMutableRawPointer?) -> Int32
    {
        guard let block, let data else { return 0 }
        return data.assumingMemoryBound(to: SearchWork.self).pointee.spend(at: block.pointee.current_position)
    }

    private mutating func spend(at place: Int) -> Int32 {
        steps -= 1 + abs(place - position)
        position = place
        calls &+= 1
        if calls == 0, isLate() { return PCRE2_ERROR_CALLOUT }
        return steps < 0 ? PCRE2_ERROR_CALLOUT : 0
    }

    private mutating func isLate() -> Bool {
        let now = ContinuousClock.now
        guard let deadline else {
            deadline = now + Self.time
            return false
        }
        return now > deadline
    }
}
