import ArgumentParser

/// The names of the commands, for the message about one that does not exist.
enum CommandNames {
    /// Explains the first word of a command line that is no command where one is expected; nil when there is none.
    static func explainUnknown(_ arguments: [String]) -> String? {
        var command: any ParsableCommand.Type = AgentCorp.self
        var path = "agentcorp"
        for word in arguments.dropFirst() {
            let known = command.configuration.subcommands
            guard !known.isEmpty, !word.hasPrefix("-") else { return nil }
            guard let next = known.first(where: { $0._commandName == word }) else {
                let names = known.map { $0._commandName }
                let guess = nearest(to: word, in: names).map { "Did you mean `\(path) \($0)`?" }
                return "unknown command `\(path) \(word)`. " + (guess ?? "Commands: \(names.joined(separator: ", ")).")
            }
            command = next
            path += " \(word)"
        }
        return nil
    }

    /// The likeliest word that was meant; nil when none is near.
    static func nearest(to word: String, in words: [String]) -> String? {
        let ranked = words.map { (word: $0, distance: distance(word.lowercased(), $0.lowercased())) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= (word.count < 4 ? 1 : max(2, word.count / 3)) ? best.word : nil
    }

    /// How many letters to insert, remove, replace or swap with a neighbour.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left)
        let right = Array(right)
        var rows = [Array(0...right.count)]
        for i in 0..<left.count {
            var row = [i + 1]
            for j in 0..<right.count {
                var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, rows[i - 1][j - 1] + 1)
                }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
