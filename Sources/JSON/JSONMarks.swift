/// Where the values of a document stand: each member at its name, each element at itself.
package struct JSONMarks: Sendable {
    private struct Mark {
        let name: String?
        let line: Int32
        let column: Int32
        /// The mark behind all that are below this one.
        var after = 0
    }

    private var marks: [Mark] = []
    private var open: [Int] = []

    package init() {}

    /// A member of that name, or else an element or the whole document, begins.
    package mutating func open(_ name: String?, line: Int, column: Int) {
        open.append(marks.count)
        marks.append(Mark(name: name, line: Int32(clamping: line), column: Int32(clamping: column)))
    }

    /// What began last ends.
    package mutating func close() {
        if let last = open.popLast() { marks[last].after = marks.count }
    }

    /// Where the value at a JSON pointer stands; of what does not exist, the nearest around it. Both count from 1.
    package func position(of pointer: String) -> (line: Int, column: Int)? {
        guard !marks.isEmpty else { return nil }
        var found = 0
        for step in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let child = child(JSONPointer.unescape(step), of: found) else { break }
            found = child
        }
        return (Int(marks[found].line), Int(marks[found].column))
    }

    private func child(_ step: String, of parent: Int) -> Int? {
        let number = Int(step)
        var count = 0
        var next = parent + 1
        while next < marks[parent].after {
            let mark = marks[next]
            if mark.name.map({ $0 == step }) ?? (count == number) { return next }
            count += 1
            next = mark.after
        }
        return nil
    }
}
