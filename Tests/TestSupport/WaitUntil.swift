/// Waits until a condition holds, looking again after a few milliseconds and then less often.
///
/// - Parameter what: What is waited for, in the error's words.
/// - Throws: ``TestSupportError`` when it does not hold within `timeout`, and whatever the condition throws.
public func waitUntil(
    _ what: String, timeout: Duration = Patience.usual, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + timeout
    var pause = Duration.milliseconds(2)
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            throw TestSupportError("waited \(timeout) in vain for \(what)")
        }
        try await Task.sleep(for: pause)
        pause = min(pause * 1.5, .milliseconds(50))
    }
}
