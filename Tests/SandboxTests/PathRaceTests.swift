import Glibc
import Synchronization
import Testing

@testable import Sandbox

@Suite("Whoever swaps links meanwhile")
struct PathRaceTests {
    /// Swaps a folder and a link to the outside under one name, as fast as it can, on a thread of its own.
    ///
    /// - Parameter body: Runs again and again meanwhile, on another thread.
    private func racing(_ scratch: JailScratch, _ body: @escaping @Sendable () throws -> Void) async throws {
        mkdir("\(scratch.root)/swap", 0o755)
        scratch.write("jail/swap/secret", "harmless")
        scratch.link("evil", to: "../outside")
        let stop = Stop()
        let root = scratch.root
        async let swapping: Void = BlockingWork.run { _ in
            while !stop.isSet {
                rename("\(root)/swap", "\(root)/aside")
                rename("\(root)/evil", "\(root)/swap")
                rename("\(root)/swap", "\(root)/evil")
                rename("\(root)/aside", "\(root)/swap")
            }
        }
        async let working: Void = BlockingWork.run { _ in
            defer { stop.set() }
            let deadline = ContinuousClock.now + .milliseconds(700)
            while ContinuousClock.now < deadline { try body() }
        }
        _ = try await (swapping, working)
    }

    @Test("nothing outside is ever read", arguments: [true, false])
    func read(kernelResolves: Bool) async throws {
        let scratch = try JailScratch()
        let jail = try Jail(scratch.root, kernelResolves: kernelResolves)
        let harmless = Counter()
        let harmful = Counter()
        try await racing(scratch) {
            guard let text = try? jail.text("swap/secret") else { return }
            (text == "harmless" ? harmless : harmful).count()
        }
        #expect(harmless.value > 0)
        #expect(harmful.value == 0)
    }

    @Test("nothing outside is ever written, made or removed", arguments: [true, false])
    func write(kernelResolves: Bool) async throws {
        let scratch = try JailScratch()
        let jail = try Jail(scratch.root, kernelResolves: kernelResolves)
        try await racing(scratch) {
            try? jail.put("swap/secret", "harmless")
            try? jail.put("swap/new")
            try? jail.delete("swap/new")
            try? jail.delete("swap/secret")
            try? jail.edit("swap/secret", limit: 1000) { $0 + [UInt8(ascii: "!")] }
        }
        #expect(scratch.secretIsWhole)
    }

    @Test("a walk never leaves the folder", arguments: [true, false])
    func walk(kernelResolves: Bool) async throws {
        let scratch = try JailScratch()
        let harmful = Counter()
        let jail = try Jail(scratch.root, kernelResolves: kernelResolves)
        try await racing(scratch) {
            _ = try? jail.walk { file in
                if let bytes = file.read(limit: 1000), bytes.elementsEqual(JailScratch.secret.utf8) {
                    harmful.count()
                }
                return true
            }
        }
        #expect(harmful.value == 0)
    }
}

private final class Stop: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
}

private final class Counter: Sendable {
    private let number = Atomic(0)
    var value: Int { number.load(ordering: .relaxed) }
    func count() { number.add(1, ordering: .relaxed) }
}
