import JSON

/// What differs between two configurations, field by field; texts of several lines, line by line.
struct ConfigDifference {
    struct Change: Encodable {
        /// A JSON pointer.
        let field: String
        let before: JSONValue?
        let after: JSONValue?
    }

    let changes: [Change]

    init(_ before: JSONValue, _ after: JSONValue) {
        var changes: [Change] = []
        Self.compare(before, after, "", &changes)
        self.changes = changes
    }

    private static func compare(_ before: JSONValue?, _ after: JSONValue?, _ pointer: String, _ changes: inout [Change])
    {
        guard before != after else { return }
        guard case .object(let left)? = before, case .object(let right)? = after else {
            changes.append(Change(field: pointer, before: before, after: after))
            return
        }
        for name in Set(left.keys).union(right.keys).sorted() {
            let escaped = name.replacing("~", with: "~0").replacing("/", with: "~1")
            compare(left[name], right[name], "\(pointer)/\(escaped)", &changes)
        }
    }

    func print(on terminal: Terminal = .output) {
        for change in changes {
            terminal.line(terminal.styled(.bold, DisplayText.printable(change.field)))
            let before = Self.lines(change.before)
            let after = Self.lines(change.after)
            let difference = after.difference(from: before)
            var removed: Set<Int> = []
            var inserted: Set<Int> = []
            for step in difference {
                switch step {
                case .remove(let offset, _, _): removed.insert(offset)
                case .insert(let offset, _, _): inserted.insert(offset)
                }
            }
            var old = 0
            var new = 0
            while old < before.count || new < after.count {
                if removed.contains(old) {
                    line("-", before[old], .red, terminal)
                    old += 1
                } else if inserted.contains(new) {
                    line("+", after[new], .green, terminal)
                    new += 1
                } else {
                    line(" ", before[old], .dim, terminal)
                    old += 1
                    new += 1
                }
            }
        }
    }

    private func line(_ mark: String, _ text: String, _ style: Style, _ terminal: Terminal) {
        terminal.line(terminal.styled(style, "  \(mark) \(DisplayText.printable(text))"))
    }

    private static func lines(_ value: JSONValue?) -> [String] {
        switch value {
        case nil: []
        case .string(let text)?:
            text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        case .array(let elements)?: elements.map { $0.string ?? $0.text }
        case let value?: [value.text]
        }
    }
}
