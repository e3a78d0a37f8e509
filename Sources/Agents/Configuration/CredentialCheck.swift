internal import Documents
internal import JSON

/// Finds keys and passwords where none belong. It never repeats them.
struct CredentialCheck {
    let issues: IssueList

    private static let advice =
        "Keys belong in the environment, {PROVIDER}_API_KEY, or in a file that only its owner can read. Take it out here, and replace it where it came from."

    func look(at value: JSONValue, pointer: String = "") {
        switch value {
        case .string(let text):
            if text.unicodeScalars.contains("\0") {
                issues.add(pointer, "holds a NUL character, which the database cannot store", "Take it out.")
            }
            if let shape = Self.shape(in: text) { issues.add(pointer, "holds \(shape)", Self.advice) }
        case .array(let elements):
            for (index, element) in elements.enumerated() { look(at: element, pointer: "\(pointer)/\(index)") }
        case .object(let members):
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                let place = "\(pointer)/\(DocumentFields.escaped(name))"
                // A schema may ask for a password.
                if Self.isCredential(name), member != .null, !pointer.hasPrefix("/output_schema") {
                    issues.add(place, "a key or password in a configuration", Self.advice)
                } else {
                    look(at: member, pointer: place)
                }
            }
        case .null, .bool, .integer, .number: break
        }
    }

    static func isCredential(_ name: String) -> Bool {
        let name = name.lowercased().filter { $0 != "_" && $0 != "-" }
        return name.hasSuffix("apikey") || name.hasSuffix("apikeys")
            || [
                "secretkey", "accesstoken", "authtoken", "authorization", "password", "secret", "bearertoken",
                "privatekey",
            ].contains(name)
    }

    /// What sort of a key stands in a text. Long enough ones only: a prompt may speak of `sk-...`.
    private static func shape(in text: String) -> String? {
        for (beginning, least) in [("sk-", 20), ("xai-", 20), ("ghp_", 36), ("AKIA", 16)] {
            var rest = text[...]
            while let found = rest.firstRange(of: beginning) {
                let isWord =
                    found.lowerBound == text.startIndex || !isKeyCharacter(text[text.index(before: found.lowerBound)])
                let tail = rest[found.upperBound...].prefix(while: isKeyCharacter)
                if isWord, tail.count >= least, tail.contains(where: \.isNumber) { return "what looks like an API key" }
                rest = rest[found.upperBound...]
            }
        }
        return text.contains("PRIVATE KEY-----") ? "a private key" : nil
    }

    private static func isKeyCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "_" || character == "-")
    }
}
