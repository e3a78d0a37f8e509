/// Where the values of a document stand: each member at its name, each element at itself.
package struct JSONMarks: Sendable {
    /// A member by its name, or an element by its number.
    private struct Child: Hashable {
        let parent: Int
        let name: String?
        let number: Int
    }

    private var positions: [(line: Int32, column: Int32)] = []
    private var children: [Child: Int] = [:]
    /// What has begun and not ended, with the number of elements so far.
    private var open: [(mark: Int, elements: Int)] = []

    package init() {}

    /// A member of that name, or else an element or the whole document, begins.
    package mutating func open(_ name: String?, line: Int, column: Int) {
        let mark = positions.count
        positions.append((Int32(clamping: line), Int32(clamping: column)))
        if let last = open.indices.last {
            let child = Child(parent: open[last].mark, name: name, number: name == nil ? open[last].elements : 0)
            if children[child] == nil { children[child] = mark }
            open[last].elements += 1
        }
        open.append((mark, 0))
    }

    /// What began last ends.
    package mutating func close() {
        _ = open.popLast()
    }

    /// Where the value at a JSON pointer stands; of what does not exist, the nearest around it. Both count from 1.
    package func position(of pointer: String) -> (line: Int, column: Int)? {
        guard !positions.isEmpty else { return nil }
        var found = 0
        for step in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = JSONPointer.unescape(step)
            let member = children[Child(parent: found, name: name, number: 0)]
            let element = Int(name).flatMap { children[Child(parent: found, name: nil, number: $0)] }
            guard let child = member ?? element else { break }
            found = child
        }
        return (Int(positions[found].line), Int(positions[found].column))
    }
}
