internal import JSON

/// A call of a tool, as far as it has come.
struct OpenAIPartialCall: Sendable {
    /// As the server numbers it.
    let index: Int?
    private(set) var id = ""
    private(set) var name = ""
    private var arguments = ""

    init(index: Int?) {
        self.index = index
    }

    /// Adds a fragment. The name when it is new, and the piece of the arguments.
    mutating func receive(_ fragment: JSONValue) -> (name: String?, piece: String) {
        if let id = fragment["id"]?.string, !id.isEmpty { self.id = id }
        var newName: String?
        if let name = fragment["function"]?["name"]?.string, !name.isEmpty, self.name.isEmpty {
            self.name = name
            newName = name
        }
        let piece: String
        switch fragment["function"]?["arguments"] {
        case .string(let text)?: piece = text
        case .object(let members)?: piece = JSONValue.object(members).text
        default: piece = ""
        }
        arguments += piece
        return (newName, piece)
    }

    /// - Parameter isCut: Whether the answer ended in the middle of it, as far as one knows.
    func request(isCut: Bool) -> ToolCallRequest {
        // Nothing at all means no arguments, unless the model never came to them.
        if isCut, arguments.allSatisfy(\.isWhitespace) {
            return ToolCallRequest(id: id, name: name, arguments: nil, rawArguments: arguments)
        }
        return ToolCallRequest(id: id, name: name, rawArguments: arguments)
    }
}
