/// The lines between two layers.
///
/// What leaves one task shares a line, what arrives at one task joins; where others cross, the horizontal one is broken.
struct PlanChannel {
    /// A piece of a line in one character: to which sides it goes, and which lines it belongs to.
    private struct Piece {
        var source: Int
        var target: Int?
        var sides: UInt8
        /// Of those that run only when another has failed.
        var isDashed: Bool
    }

    /// Lines that run sideways in the same row.
    private struct Net: Hashable {
        let source: Int
        let isDashed: Bool
    }

    private static let up: UInt8 = 1
    private static let right: UInt8 = 2
    private static let down: UInt8 = 4
    private static let left: UInt8 = 8

    let height: Int
    private var pieces: [[Int]: [Piece]] = [:]

    init(_ layout: PlanLayout, _ layer: Int, _ edges: [PlanGraph.Edge]) {
        let links = layout.links[layer]
        guard !links.isEmpty else {
            height = 0
            return
        }
        let from = layout.layers[layer]
        let to = layout.layers[layer + 1]
        var spans: [Net: (start: Int, ends: Set<Int>)] = [:]
        for link in links {
            let (start, end) = (from[link.from].center, to[link.to].center)
            let net = Net(source: link.from, isDashed: edges[link.edge].isHandler)
            if start != end { spans[net, default: (start, [])].ends.insert(end) }
        }
        let rows = Self.rows(spans)
        height = max(1, (rows.values.max() ?? -1) + 1)
        for link in links {
            let (start, end) = (from[link.from].center, to[link.to].center)
            let net = Net(source: link.from, isDashed: edges[link.edge].isHandler)
            let row = start == end ? height : rows[net] ?? 0
            for y in 0..<row { add(start, y, net, start == end ? link.to : nil, Self.up | Self.down) }
            guard start != end else { continue }
            let (there, back) = end > start ? (Self.right, Self.left) : (Self.left, Self.right)
            add(start, row, net, nil, Self.up | there)
            for x in (min(start, end) + 1)..<max(start, end) { add(x, row, net, nil, there | back) }
            add(end, row, net, link.to, Self.down | back)
            for y in (row + 1)..<max(row + 1, height) { add(end, y, net, link.to, Self.up | Self.down) }
        }
    }

    private mutating func add(_ column: Int, _ row: Int, _ net: Net, _ target: Int?, _ sides: UInt8) {
        pieces[[column, row], default: []].append(
            Piece(source: net.source, target: target, sides: sides, isDashed: net.isDashed))
    }

    /// The row in which each runs sideways.
    private static func rows(_ spans: [Net: (start: Int, ends: Set<Int>)]) -> [Net: Int] {
        let reach = spans.mapValues { span in
            min(span.start, span.ends.min() ?? span.start)...max(span.start, span.ends.max() ?? span.start)
        }
        // What begins where another one ends must run above it, or their upright parts would meet.
        func mustBeBelow(_ net: Net, _ other: Net) -> Bool {
            guard net.source != other.source, let start = spans[other]?.start else { return false }
            return spans[net]?.ends.contains(start) ?? false
        }
        var rows: [Net: Int] = [:]
        var open = spans.keys.sorted { ($0.source, $0.isDashed ? 1 : 0) < ($1.source, $1.isDashed ? 1 : 0) }
        while !open.isEmpty {
            let place = open.firstIndex { net in !open.contains { mustBeBelow(net, $0) } } ?? 0
            let net = open.remove(at: place)
            guard let span = reach[net] else { continue }
            var row = rows.filter { mustBeBelow(net, $0.key) }.map { $0.value + 1 }.max() ?? 0
            while rows.contains(where: { $0.value == row && reach[$0.key]?.overlaps(span) == true }) { row += 1 }
            rows[net] = row
        }
        return rows
    }

    func draw(on block: inout PlanBlock, row: Int) {
        for (place, pieces) in pieces {
            block.put(character(pieces), column: place[0], row: row + place[1])
        }
    }

    /// Pieces of the same source or the same target are one line; of several lines, the upright one is seen.
    private func character(_ pieces: [Piece]) -> Character {
        var groups: [[Piece]] = []
        for piece in pieces {
            let joined = groups.indices.filter { index in
                groups[index].contains {
                    $0.source == piece.source || $0.target != nil && $0.target == piece.target
                }
            }
            let group = joined.flatMap { groups[$0] } + [piece]
            for index in joined.reversed() { groups.remove(at: index) }
            groups.append(group)
        }
        let seen = groups.max { Self.weight($0) < Self.weight($1) } ?? []
        let sides = seen.reduce(0) { $0 | $1.sides }
        return Self.character(sides, seen.allSatisfy(\.isDashed))
    }

    private static func weight(_ group: [Piece]) -> Int {
        let sides = group.reduce(0) { $0 | $1.sides }
        return (sides & (up | down) != 0 ? 100 : 0) + sides.nonzeroBitCount
    }

    private static func character(_ sides: UInt8, _ isDashed: Bool) -> Character {
        switch sides {
        case up | down, up, down: isDashed ? "┆" : "│"
        case left | right, left, right: isDashed ? "┄" : "─"
        case up | right: "╰"
        case up | left: "╯"
        case down | right: "╭"
        case down | left: "╮"
        case up | down | right: "├"
        case up | down | left: "┤"
        case left | right | down: "┬"
        case left | right | up: "┴"
        default: "┼"
        }
    }
}
