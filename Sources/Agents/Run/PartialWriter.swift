internal import JSON
internal import Providers
internal import Synchronization

/// Shows what a model says while it says it, now and then: a row that watchers read.
final class PartialWriter: Sendable {
    private struct State {
        var text = ""
        var shown: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let link: AgentLink
    private let turn: Int
    private let scrubber: SecretScrubber
    private let interval: Duration

    init(_ link: AgentLink, turn: Int, scrubber: SecretScrubber, every interval: Duration = .milliseconds(150)) {
        self.link = link
        self.turn = turn
        self.scrubber = scrubber
        self.interval = interval
    }

    func take(_ event: ChatEvent) async {
        let text: String? = state.withLock { state in
            switch event {
            case .started: state.text = ""
            case .text(let piece): state.text += piece
            case .reasoning, .toolCall, .retrying: return nil
            }
            let now = ContinuousClock.now
            if let shown = state.shown, now - shown < interval { return nil }
            // A word that is not over may be the beginning of a secret, which is none yet.
            let whole = state.text.dropLast(while: { $0.isASCII && !$0.isWhitespace })
            guard !whole.isEmpty else { return nil }
            state.shown = now
            return scrubber.scrub(String(whole)).storable
        }
        // Whether anybody sees it matters to nothing else.
        if let text { try? await link.showPartial(text, turn: turn) }
    }
}

extension StringProtocol {
    /// What is left without the characters at its end for which something holds.
    fileprivate func dropLast(while holds: (Character) -> Bool) -> SubSequence {
        self[..<(lastIndex { !holds($0) }.map(index(after:)) ?? startIndex)]
    }
}
