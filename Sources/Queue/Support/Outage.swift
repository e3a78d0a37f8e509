package import Logging
internal import Postgres

/// Counts failures of the database in a row: pauses longer each time, and logs once.
package struct Outage {
    package private(set) var count = 0

    package init() {}

    package mutating func pause(_ error: any Error, _ logger: Logger) async {
        if let error = error as? PostgresError, error.isRetryable {
            // A deadlock or a serialisation failure: the call lost against another one, and is simply made again.
            logger.debug("called again after losing against another call", metadata: ["error": "\(error)"])
            try? await Task.sleep(for: .milliseconds(Int.random(in: 1...20)))
            return
        }
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
