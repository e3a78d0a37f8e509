package import Logging

/// Counts failures of the database in a row: pauses longer each time, and logs once.
package struct Outage {
    package private(set) var count = 0

    package init() {}

    package mutating func pause(_ error: any Error, _ logger: Logger) async {
        if count == 0 {
            logger.warning("the database cannot be reached or refuses; trying again", metadata: ["error": "\(error)"])
        }
        count += 1
        let delay = Duration.milliseconds(50 * (1 << min(count, 6)))
        try? await Task.sleep(for: delay * Double.random(in: 0.75...1.25))
    }

    package mutating func isOver(_ logger: Logger) {
        if count > 0 { logger.info("the database is back", metadata: ["failures": "\(count)"]) }
        count = 0
    }
}
