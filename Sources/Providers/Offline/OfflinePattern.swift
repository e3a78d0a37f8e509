/// A pattern with wildcards: `*` stands for any text, which templates take as `{{1}}`, `{{2}}` and so on; letters fit in
/// either case.
struct OfflinePattern: Sendable {
    private let pieces: [String]

    /// Throws `ProviderConfigurationError`.
    init(_ text: String, at place: String) throws {
        guard !text.isEmpty else { throw ProviderConfigurationError("\(place) must not be empty") }
        pieces = text.lowercased().split(separator: "*", omittingEmptySubsequences: false).map(String.init)
    }

    /// How many wildcards there are.
    var groups: Int { pieces.count - 1 }

    /// What the wildcards stand for, each as little as there can be; nil when the whole text does not fit.
    func match(_ text: String) -> [String]? {
        let original = Array(text)
        let letters = original.map { Character($0.lowercased()) }
        let pieces = pieces.map(Array.init)
        guard letters.starts(with: pieces[0]) else { return nil }
        var index = pieces[0].count
        var found: [String] = []
        for (number, piece) in pieces.enumerated().dropFirst() {
            var end: Int?
            if number == pieces.count - 1 {
                let start = letters.count - piece.count
                if start >= index, letters[start...].elementsEqual(piece) { end = start }
            } else {
                end = Self.firstIndex(of: piece, in: letters, from: index)
            }
            guard let end else { return nil }
            found.append(String(original[index..<end]))
            index = end + piece.count
        }
        return groups > 0 || index == letters.count ? found : nil
    }

    private static func firstIndex(of piece: [Character], in letters: [Character], from start: Int) -> Int? {
        guard letters.count - piece.count >= start else { return nil }
        return (start...(letters.count - piece.count)).first { letters[$0...].starts(with: piece) }
    }
}
