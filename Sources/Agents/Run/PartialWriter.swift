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
    private let interval: Duration

    init(_ link: AgentLink, turn: Int, every interval: Duration = .milliseconds(150)) {
        self.link = link
        self.turn = turn
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
            guard !state.text.isEmpty else { return nil }
            state.shown = now
            return state.text
        }
        // Whether anybody sees it matters to nothing else.
        if let text { try? await link.showPartial(text, turn: turn) }
    }
}
