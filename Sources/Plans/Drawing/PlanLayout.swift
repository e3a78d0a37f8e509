/// Places the tasks of a graph in layers, each below those that it needs, with few crossings.
///
/// After K. Sugiyama, S. Tagawa and M. Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981:
/// layers by the longest way, lines over several layers through placeholders, order by the middle of the neighbours.
struct PlanLayout {
    struct Slot {
        /// Nil for the place where a line passes.
        let node: Int?
        let width: Int
        var left = 0

        var center: Int { left + width / 2 }
    }

    /// A line from one layer to the next, by places in these.
    struct Link {
        let from: Int
        let to: Int
        let edge: Int
    }

    private(set) var layers: [[Slot]]
    /// By layer, the lines to the next one.
    private(set) var links: [[Link]]

    private static let sweeps = 12

    /// - Parameters:
    ///   - widths: Of the nodes, which come after those that they need.
    ///   - gap: Between neighbours.
    init(widths: [Int], edges: [PlanGraph.Edge], gap: Int) {
        let ranks = Self.ranks(widths.count, edges)
        layers = [[Slot]](repeating: [], count: (ranks.max() ?? -1) + 1)
        links = [[Link]](repeating: [], count: layers.count)
        var places: [Int] = []
        for (node, width) in widths.enumerated() {
            places.append(layers[ranks[node]].count)
            layers[ranks[node]].append(Slot(node: node, width: width))
        }
        for (number, edge) in edges.enumerated() {
            var place = places[edge.from]
            for rank in ranks[edge.from]..<ranks[edge.to] {
                var next = places[edge.to]
                if rank + 1 < ranks[edge.to] {
                    next = layers[rank + 1].count
                    layers[rank + 1].append(Slot(node: nil, width: 1))
                }
                links[rank].append(Link(from: place, to: next, edge: number))
                place = next
            }
        }
        order()
        place(gap: gap)
    }

    var width: Int { layers.compactMap { $0.last.map { $0.left + $0.width } }.max() ?? 0 }

    private static func ranks(_ count: Int, _ edges: [PlanGraph.Edge]) -> [Int] {
        var ranks = [Int](repeating: 0, count: count)
        var before = [Int](repeating: 0, count: count)
        var after = [[Int]](repeating: [], count: count)
        // Nodes come after those they need, so one pass in their order is enough.
        for edge in edges.sorted(by: { $0.to < $1.to }) {
            ranks[edge.to] = max(ranks[edge.to], ranks[edge.from] + 1)
            before[edge.to] += 1
            after[edge.from].append(edge.to)
        }
        // What needs nothing stands just above those that need it.
        for node in 0..<count where before[node] == 0 {
            if let nearest = after[node].map({ ranks[$0] }).min() { ranks[node] = nearest - 1 }
        }
        return ranks
    }
}

extension PlanLayout {
    private mutating func order() {
        var best = (layers: layers, links: links, crossings: crossings())
        for sweep in 0..<Self.sweeps where best.crossings > 0 {
            if sweep.isMultiple(of: 2) {
                for layer in layers.indices.dropFirst() { sort(layer, by: layer - 1) }
            } else {
                for layer in layers.indices.dropLast().reversed() { sort(layer, by: layer + 1) }
            }
            let crossings = crossings()
            if crossings < best.crossings { best = (layers, links, crossings) }
        }
        (layers, links) = (best.layers, best.links)
    }

    private mutating func sort(_ layer: Int, by other: Int) {
        let isDown = other < layer
        var neighbours = [[Int]](repeating: [], count: layers[layer].count)
        for link in links[min(layer, other)] {
            if isDown { neighbours[link.to].append(link.from) } else { neighbours[link.from].append(link.to) }
        }
        let middles = neighbours.enumerated().map { place, others -> Double in
            others.isEmpty ? Double(place) : Double(others.reduce(0, +)) / Double(others.count)
        }
        let order = layers[layer].indices.sorted { (middles[$0], $0) < (middles[$1], $1) }
        var places = [Int](repeating: 0, count: order.count)
        for (new, old) in order.enumerated() { places[old] = new }
        layers[layer] = order.map { layers[layer][$0] }
        links[layer] = links[layer].map { Link(from: places[$0.from], to: $0.to, edge: $0.edge) }
        guard layer > 0 else { return }
        links[layer - 1] = links[layer - 1].map { Link(from: $0.from, to: places[$0.to], edge: $0.edge) }
    }

    private func crossings() -> Int {
        links.reduce(0) { sum, links in
            let sorted = links.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
            var count = 0
            for (place, link) in sorted.enumerated() {
                for other in sorted[..<place] where other.to > link.to && other.from < link.from { count += 1 }
            }
            return sum + count
        }
    }

    /// Each where the middle of its neighbours is, as far as its own neighbours in the layer leave room.
    private mutating func place(gap: Int) {
        for layer in layers.indices {
            var left = 0
            for place in layers[layer].indices {
                layers[layer][place].left = left
                left += layers[layer][place].width + gap
            }
        }
        for sweep in 0..<Self.sweeps {
            let isDown = sweep.isMultiple(of: 2)
            for layer in isDown ? Array(layers.indices) : layers.indices.reversed() { align(layer, isDown, gap) }
        }
        let least = layers.compactMap(\.first?.left).min() ?? 0
        for layer in layers.indices {
            for place in layers[layer].indices { layers[layer][place].left -= least }
        }
    }

    private mutating func align(_ layer: Int, _ isDown: Bool, _ gap: Int) {
        let other = isDown ? layer - 1 : layer + 1
        guard layers.indices.contains(other), !layers[layer].isEmpty else { return }
        var centers = [[Int]](repeating: [], count: layers[layer].count)
        for link in links[min(layer, other)] {
            if isDown {
                centers[link.to].append(layers[other][link.from].center)
            } else {
                centers[link.from].append(layers[other][link.to].center)
            }
        }
        let wanted = layers[layer].indices.map { place in
            let slot = layers[layer][place]
            guard !centers[place].isEmpty else { return slot.left }
            return centers[place].reduce(0, +) / centers[place].count - slot.width / 2
        }
        // From the left as far left as wanted, from the right as far right; the middle of both keeps the order.
        var fromLeft = wanted
        for place in wanted.indices.dropFirst() {
            fromLeft[place] = max(wanted[place], fromLeft[place - 1] + layers[layer][place - 1].width + gap)
        }
        var fromRight = wanted
        for place in wanted.indices.dropLast().reversed() {
            fromRight[place] = min(wanted[place], fromRight[place + 1] - layers[layer][place].width - gap)
        }
        for place in wanted.indices { layers[layer][place].left = (fromLeft[place] + fromRight[place]) >> 1 }
    }
}
