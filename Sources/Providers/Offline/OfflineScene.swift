internal import JSON

/// What of a request rules and templates look at.
struct OfflineScene {
    let request: ChatRequest
    /// How many answers this is to what the user said last, from 1.
    let turn: Int
    let lastUser: String
    /// Of the calls in the message before, when there were some.
    let results: [String]
    /// Whether nothing has been answered before.
    let isFirstAnswer: Bool

    init(_ request: ChatRequest) {
        self.request = request
        var turn = 1
        var lastUser = ""
        var results: [String] = []
        var answers = 0
        for message in Conversation(request.messages).messages {
            results = []
            switch message {
            case .user(let parts):
                turn = 1
                lastUser = parts.compactMap { if case .text(let text) = $0 { text } else { nil } }
                    .joined(separator: "\n")
            case .assistant:
                turn += 1
                answers += 1
            case .toolResults(let some):
                results = some.map(\.content)
            }
        }
        self.turn = turn
        self.lastUser = lastUser
        self.results = results
        isFirstAnswer = answers == 0
    }

    var lastResult: String { results.joined(separator: "\n") }

    /// The name of a tool in the request. Scripts may write dots, which providers do not take.
    func toolName(_ name: String) -> String {
        if request.tools.contains(where: { $0.name == name }) { return name }
        return name.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "__")
    }
}
