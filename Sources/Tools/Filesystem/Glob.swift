/// A pattern for paths: `*` and `?` within a name, `**` for any folders, `[a-z]` and `[!a]`, `{a,b}`.
///
/// A pattern without a slash is one for names, wherever they are. Matching takes no more steps than the pattern has
/// letters times those of the path.
struct Glob {
    /// The most bytes of a pattern, and the most patterns that its braces may stand for.
    static let longest = 1024
    static let mostAlternatives = 128

    private enum Part {
        case folders
        case name([Item])
    }

    private enum Item {
        case one(Unicode.Scalar)
        case any
        case anyMany
        case among([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    private let alternatives: [[Part]]

    /// Throws `ToolError` for a pattern that leads out of the folder, or is too long.
    init(_ pattern: String) throws {
        guard pattern.utf8.count <= Self.longest, !pattern.isEmpty else {
            throw ToolError("a glob pattern has 1 to \(Self.longest) bytes; this one has \(pattern.utf8.count)")
        }
        let texts = try Self.expand(Array(pattern.unicodeScalars)).map { Array($0) }
        alternatives = try texts.map { text in
            var names = text.split(separator: "/", omittingEmptySubsequences: false).map(Array.init)
            if names.first == ["."] { names.removeFirst() }
            guard names.first?.isEmpty == false, !names.contains([".", "."]) else {
                throw ToolError("the pattern \"\(pattern)\" leads out of the working folder; give one relative to it")
            }
            let parts = names.map { $0 == ["*", "*"] ? Part.folders : Part.name(Self.items($0)) }
            return names.count == 1 ? [.folders] + parts : parts
        }
    }

    func matches(_ path: String) -> Bool {
        let names = path.split(separator: "/").map { Array($0.unicodeScalars) }
        return alternatives.contains { Self.matches($0, names) }
    }

    // One pass over the parts, which keeps for every number of names whether the parts so far match so many.
    private static func matches(_ parts: [Part], _ names: [[Unicode.Scalar]]) -> Bool {
        var reached = [true] + [Bool](repeating: false, count: names.count)
        for (index, part) in parts.enumerated() {
            switch part {
            case .folders:
                // As the last part it stands for files, of which there must be one.
                let isLast = index == parts.count - 1 && parts.count > 1
                guard let first = reached.firstIndex(of: true) else { return false }
                for count in reached.indices { reached[count] = count >= (isLast ? first + 1 : first) }
            case .name(let items):
                for count in reached.indices.reversed() {
                    reached[count] = count > 0 && reached[count - 1] && matches(items, names[count - 1])
                }
            }
        }
        return reached[names.count]
    }

    private static func matches(_ items: [Item], _ name: [Unicode.Scalar]) -> Bool {
        var (item, letter) = (0, 0)
        var star: (item: Int, letter: Int)?
        while letter < name.count {
            if item < items.count, case .anyMany = items[item] {
                star = (item, letter)
                item += 1
            } else if item < items.count, matches(items[item], name[letter]) {
                item += 1
                letter += 1
            } else if let last = star {
                // The last star takes one more; those before it need not be tried again.
                star = (last.item, last.letter + 1)
                (item, letter) = (last.item + 1, last.letter + 1)
            } else {
                return false
            }
        }
        return items[item...].allSatisfy { if case .anyMany = $0 { true } else { false } }
    }

    private static func matches(_ item: Item, _ letter: Unicode.Scalar) -> Bool {
        switch item {
        case .one(let scalar): scalar == letter
        case .any: true
        case .anyMany: false
        case .among(let ranges, let isNegated): ranges.contains { $0.contains(letter) } != isNegated
        }
    }

    private static func items(_ name: [Unicode.Scalar]) -> [Item] {
        var items: [Item] = []
        var index = 0
        while index < name.count {
            switch name[index] {
            case "*":
                if case .anyMany? = items.last {} else { items.append(.anyMany) }
            case "?": items.append(.any)
            case "\\" where index + 1 < name.count:
                index += 1
                items.append(.one(name[index]))
            case "[":
                guard let end = name[(index + 1)...].dropFirst().firstIndex(of: "]") else {
                    items.append(.one("["))
                    break
                }
                items.append(among(name[(index + 1)..<end]))
                index = end
            case let letter: items.append(.one(letter))
            }
            index += 1
        }
        return items
    }

    private static func among(_ letters: ArraySlice<Unicode.Scalar>) -> Item {
        let isNegated = letters.count > 1 && (letters.first == "!" || letters.first == "^")
        var rest = isNegated ? letters.dropFirst() : letters
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while let first = rest.popFirst() {
            if rest.first == "-", let last = rest.dropFirst().first {
                rest = rest.dropFirst(2)
                if first <= last { ranges.append(first...last) }
            } else {
                ranges.append(first...first)
            }
        }
        return .among(ranges, isNegated: isNegated)
    }

    /// Without braces. What has no end stands for itself.
    private static func expand(_ pattern: [Unicode.Scalar]) throws -> [[Unicode.Scalar]] {
        var results: [[Unicode.Scalar]] = []
        var open = [pattern]
        while let next = open.popLast() {
            guard let (start, commas, end) = braces(in: next) else {
                results.append(next)
                continue
            }
            let edges = [start] + commas + [end]
            for (from, to) in zip(edges, edges.dropFirst()).reversed() {
                var alternative = Array(next[..<start])
                alternative += next[(from + 1)..<to]
                alternative += next[(end + 1)...]
                open.append(alternative)
            }
            guard open.count + results.count <= mostAlternatives else {
                throw ToolError("the braces of the pattern stand for more than \(mostAlternatives) patterns; use fewer")
            }
        }
        return results
    }

    /// The first pair of braces with a comma in it.
    private static func braces(in text: [Unicode.Scalar]) -> (start: Int, commas: [Int], end: Int)? {
        for start in text.indices where text[start] == "{" {
            var depth = 0
            var commas: [Int] = []
            for index in text.indices[start...] {
                switch text[index] {
                case "{": depth += 1
                case "}": depth -= 1
                case "," where depth == 1: commas.append(index)
                default: break
                }
                if depth == 0 {
                    if commas.isEmpty { break }
                    return (start, commas, index)
                }
            }
        }
        return nil
    }
}
