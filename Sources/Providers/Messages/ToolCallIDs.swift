/// Ids of calls as every provider takes them: 1 to 40 of `a-z A-Z 0-9 _ -`, each once in a conversation.
///
/// A conversation may have begun with another provider, whose ids look otherwise or come again in every answer.
struct ToolCallIDs {
    private var used: Set<String> = []

    /// The ids for the calls of one message, in their order.
    ///
    /// - Parameter keep: Whether they go back to where they come from, unchanged.
    mutating func ids(of calls: [ToolCallRequest], keep: Bool) -> [String] {
        calls.map { call in
            guard !keep else {
                used.insert(call.id)
                return call.id
            }
            let letters = call.id.map {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") ? $0 : "_"
            }
            let base = String(letters.prefix(40))
            var id = base.isEmpty ? "call" : base
            var count = 1
            while !used.insert(id).inserted {
                count += 1
                id = base.prefix(34) + "_\(count)"
            }
            return id
        }
    }
}
