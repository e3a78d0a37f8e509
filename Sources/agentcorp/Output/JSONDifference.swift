import JSON

/// Where two JSON values differ: a line for what was there and one for what is.
enum JSONDifference {
    private static let most = 20
    private static let longest = 160

    static func lines(_ a: JSONValue?, _ b: JSONValue?) -> [String] {
        var lines: [String] = []
        compare(a, b, "", &lines)
        guard lines.count > most else { return lines }
        return lines.prefix(most) + ["(\(lines.count - most) more lines)"]
    }

    private static func compare(_ a: JSONValue?, _ b: JSONValue?, _ path: String, _ lines: inout [String]) {
        if a == b { return }
        switch (a, b) {
        case (.object(let old)?, .object(let new)?):
            for key in Set(old.keys).union(new.keys).sorted() { compare(old[key], new[key], "\(path)/\(key)", &lines) }
        case (.array(let old)?, .array(let new)?):
            for index in 0..<max(old.count, new.count) {
                compare(
                    index < old.count ? old[index] : nil, index < new.count ? new[index] : nil, "\(path)/\(index)",
                    &lines)
            }
        default:
            let place = path.isEmpty ? "" : "\(path): "
            if let a { lines.append("- \(place)\(short(a))") }
            if let b { lines.append("+ \(place)\(short(b))") }
        }
    }

    private static func short(_ value: JSONValue) -> String {
        let text = value.text
        return text.count > longest ? text.prefix(longest) + "..." : text
    }
}
