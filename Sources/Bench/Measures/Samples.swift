internal import Synchronization

/// Times that several clients have measured.
final class Samples: Sendable {
    private let values = Mutex<[Double]>([])

    func add(_ more: [Double]) { values.withLock { $0 += more } }

    var all: [Double] { values.withLock { $0 } }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
    var milliseconds: Double { seconds * 1e3 }
    var microseconds: Double { seconds * 1e6 }
}
