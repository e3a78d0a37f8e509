internal import JSON

/// Finds the JSON document in an answer.
enum StructuredAnswer {
    /// The whole text, or what stands in its one code fence. Throws `JSONTextError`.
    static func value(in text: String) throws -> JSONValue {
        do {
            return try JSONValue(parsing: text)
        } catch {
            guard let fenced = fenced(text), let value = try? JSONValue(parsing: fenced) else { throw error }
            return value
        }
    }

    private static func fenced(_ text: String) -> String? {
        let parts = text.split(separator: "```", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        let body = parts[1]
        // The word behind the fence says what is in it.
        guard let end = body.firstIndex(where: \.isNewline) else { return String(body) }
        let word = body[..<end].filter { !$0.isWhitespace }
        return word.isEmpty || word.lowercased() == "json" ? String(body[end...]) : nil
    }
}
