internal import JSON

/// JSON as configurations are written in: nothing twice, nothing deep.
enum JSONDocument {
    static let deepest = 64

    static func parse(_ text: String) throws(DocumentFile.Failure) -> JSONValue {
        // A parser keeps one of two members of the same name, and its reader the other.
        if let mistake = mistake(in: Array(text.utf8)) { throw DocumentFile.Failure(mistake) }
        do {
            return try JSONValue(parsing: text)
        } catch {
            throw DocumentFile.Failure("\(error)")
        }
    }

    private enum Container {
        case array
        /// The names so far, and whether the next string is one.
        case object(Set<String>, isNameNext: Bool)
    }

    /// Looks for members that are there twice and for deep nesting; whether the text is JSON at all, the parser says.
    private static func mistake(in bytes: [UInt8]) -> String? {
        var open: [Container] = []
        var line = 1
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\n"): line += 1
            case UInt8(ascii: "{"): open.append(.object([], isNameNext: true))
            case UInt8(ascii: "["): open.append(.array)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = open.popLast()
            case UInt8(ascii: ","):
                if case .object(let names, _)? = open.last { open[open.count - 1] = .object(names, isNameNext: true) }
            case UInt8(ascii: "\""):
                let start = index
                index += 1
                while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
                    index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                guard index < bytes.count, case .object(var names, true)? = open.last,
                    let name = try? JSONValue(parsing: bytes[start...index]).string
                else { break }
                guard names.insert(name).inserted else {
                    return "line \(line): the member \"\(name.prefix(100))\" is there twice"
                }
                // Without a second copy, the set is changed in place.
                open[open.count - 1] = .array
                open[open.count - 1] = .object(names, isNameNext: false)
            default: break
            }
            if open.count > deepest { return "line \(line): nested more than \(deepest) levels deep" }
            index += 1
        }
        return nil
    }
}
