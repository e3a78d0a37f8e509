/// Every option against every other: how much weight ranks the one before the other.
struct PairwiseCount {
    private let options: [Int]
    /// By places in `options`.
    private var matrix: [[Int]]

    init(_ rankings: [(ranking: [Int], weight: Int)], _ options: [Int]) {
        self.options = options
        matrix = Array(repeating: Array(repeating: 0, count: options.count), count: options.count)
        for (ranking, weight) in rankings {
            let ranks = options.map { ranking.firstIndex(of: $0) ?? ranking.count }
            for a in options.indices {
                for b in options.indices where ranks[a] < ranks[b] { matrix[a][b] += weight }
            }
        }
    }

    /// The one that beats every other; else the smallest set of options each of which beats all outside: the Smith set.
    ///
    /// It is those from which every other can be reached by steps to one that is not ahead of the last.
    var leaders: [Int] {
        var reaches = options.indices.map { a in options.indices.map { b in matrix[a][b] >= matrix[b][a] } }
        for middle in options.indices {
            for a in options.indices where reaches[a][middle] {
                for b in options.indices where reaches[middle][b] { reaches[a][b] = true }
            }
        }
        return options.indices.filter { reaches[$0].allSatisfy(\.self) }.map { options[$0] }
    }

    /// How many others each option beats.
    var victories: [Int: Int] {
        Dictionary(
            uniqueKeysWithValues: options.indices.map { a in
                (options[a], options.indices.count { matrix[a][$0] > matrix[$0][a] })
            })
    }

    /// What ranks an option before each other one.
    func weights(for option: Int) -> [Int: Int] {
        guard let place = options.firstIndex(of: option) else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: options.indices.filter { $0 != place }.map { (options[$0], matrix[place][$0]) })
    }
}
