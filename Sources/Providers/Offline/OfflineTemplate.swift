internal import JSON

/// Fills in `{{last_user}}` and the like. `{{=text}}` becomes `{{text}}`, for plans and others that have templates of
/// their own.
enum OfflineTemplate {
    private static let names = ["last_user", "last_result", "turn", "model", "system"]

    /// A text with everything filled in.
    static func fill(_ text: String, _ scene: OfflineScene, _ found: [String]) -> String {
        var result = ""
        var rest = text[...]
        while let (before, name, after) = next(in: rest) {
            result += before + value(name, scene, found)
            rest = after
        }
        return result + rest
    }

    /// The same in all strings and names of a value. A string that is a placeholder alone becomes the JSON that it stands for, if
    /// it stands for some.
    static func fill(_ value: JSONValue, _ scene: OfflineScene, _ found: [String]) -> JSONValue {
        switch value {
        case .string(let text):
            let filled = fill(text, scene, found)
            if let (before, name, after) = next(in: text[...]), before.isEmpty, after.isEmpty,
                name.hasPrefix("last_result") || name == "turn", let json = try? JSONValue(parsing: filled)
            {
                return json
            }
            return .string(filled)
        case .array(let elements): return .array(elements.map { fill($0, scene, found) })
        case .object(let members):
            return .object(
                Dictionary(members.map { (fill($0.key, scene, found), fill($0.value, scene, found)) }) { first, _ in
                    first
                })
        case .null, .bool, .integer, .number: return value
        }
    }

    /// Throws `ProviderConfigurationError` for a name that there is not.
    static func check(_ text: String, groups: Int, at place: String) throws {
        var rest = text[...]
        while let (_, name, after) = next(in: rest) {
            rest = after
            let head = name.split(separator: ".").first.map(String.init) ?? ""
            if name.hasPrefix("=") { continue }
            if let number = Int(name) {
                guard number >= 1, number <= groups else {
                    throw ProviderConfigurationError(
                        "\(place) says {{\(number)}}, but \"user_matches\" has \(groups) wildcards")
                }
            } else if name != head && head != "last_result" || !names.contains(head) {
                let guess = Spelling.nearest(to: head, in: names).map { "; did you mean {{\($0)}}?" } ?? "."
                throw ProviderConfigurationError(
                    "\(place) says {{\(name)}}, which is not known\(guess) Known are \(names.joined(separator: ", ")) "
                        + "and the numbers of wildcards")
            }
        }
    }

    static func check(_ value: JSONValue, groups: Int, at place: String) throws {
        switch value {
        case .string(let text): try check(text, groups: groups, at: place)
        case .array(let elements): for element in elements { try check(element, groups: groups, at: place) }
        case .object(let members):
            for (name, member) in members {
                try check(name, groups: groups, at: place)
                try check(member, groups: groups, at: place)
            }
        case .null, .bool, .integer, .number: break
        }
    }

    private static func next(in text: Substring) -> (before: Substring, name: String, after: Substring)? {
        guard let open = text.firstRange(of: "{{"), let close = text[open.upperBound...].firstRange(of: "}}") else {
            return nil
        }
        return (
            text[..<open.lowerBound], String(text[open.upperBound..<close.lowerBound]).trimmed,
            text[close.upperBound...]
        )
    }

    private static func value(_ name: String, _ scene: OfflineScene, _ found: [String]) -> String {
        if name.hasPrefix("=") { return "{{\(name.dropFirst())}}" }
        if let number = Int(name) { return found.indices.contains(number - 1) ? found[number - 1] : "" }
        let path = name.split(separator: ".").map(String.init)
        switch path.first {
        case "last_user": return scene.lastUser
        case "turn": return "\(scene.turn)"
        case "model": return scene.request.model
        case "system": return scene.request.system ?? ""
        default:
            guard path.count > 1 else { return scene.lastResult }
            // A field of the results, as far as they are JSON.
            var value = try? JSONValue(parsing: scene.lastResult)
            for step in path.dropFirst() {
                if case .array(let elements) = value {
                    value = Int(step).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
                } else {
                    value = value?[step]
                }
            }
            return value.map { $0.string ?? $0.text } ?? ""
        }
    }
}
