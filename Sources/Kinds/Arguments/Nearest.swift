/// The word that was probably meant: the one with the fewest typing mistakes, at most a third of its letters.
func nearest(to word: String, in words: [String]) -> String? {
    let distances = words.map { candidate in
        (word: candidate, distance: editDistance(Array(word.lowercased()), Array(candidate.lowercased())))
    }
    guard let best = distances.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(1, best.word.count / 3) ? best.word : nil
}

/// Insertions, deletions, replacements, and swaps of neighbours from one word to another (optimal string alignment).
private func editDistance(_ from: [Character], _ to: [Character]) -> Int {
    var before: [Int] = []
    var row = Array(0...to.count)
    for i in from.indices {
        var next = [i + 1]
        for j in to.indices {
            var cost = min(row[j + 1] + 1, next[j] + 1, row[j] + (from[i] == to[j] ? 0 : 1))
            if i > 0, j > 0, from[i] == to[j - 1], from[i - 1] == to[j] { cost = min(cost, before[j - 1] + 1) }
            next.append(cost)
        }
        (before, row) = (row, next)
    }
    return row[to.count]
}
