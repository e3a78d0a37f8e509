/// The letters under which a voter sees the options in a round.
///
/// The options are shuffled by the task, and the order is turned by one for each next voter and each next round: over the
/// voters every option stands at every place equally often, and nobody sees the same order twice running. All of it
/// follows from the numbers, so that whoever takes the task over knows what the letters meant.
///
/// The shuffle: Fisher and Yates, from the end, by the numbers of SplitMix64 (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014) that follow the id of the task as the seed; the high word of number times
/// length is the place.
public struct OptionLabels: Sendable, Hashable {
    /// Option numbers in the order of their letters.
    public let options: [Int]

    /// - Parameters:
    ///   - options: Numbers, ascending.
    ///   - round: From 1.
    ///   - voter: From 1; 0 is the judge.
    public init(_ options: [Int], task: Int64, round: Int, voter: Int) {
        var shuffled = options
        var state = UInt64(bitPattern: task)
        for last in shuffled.indices.dropFirst().reversed() {
            shuffled.swapAt(last, Int(Self.next(&state).multipliedFullWidth(by: UInt64(last + 1)).high))
        }
        let turn = shuffled.isEmpty ? 0 : (voter + round) % shuffled.count
        self.options = Array(shuffled[turn...] + shuffled[..<turn])
    }

    private static func next(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    public var labels: [String] { options.indices.map(Self.letters) }

    public func label(of option: Int) -> String? { options.firstIndex(of: option).map(Self.letters) }

    public func option(labelled label: String) -> Int? {
        options.indices.first { Self.letters($0) == label }.map { options[$0] }
    }

    /// Puts numbers in the place of letters in brackets: `[B]` becomes `[option 2]`.
    public func numbered(_ text: String) -> String {
        Self.replace(in: text) { label in option(labelled: label).map { "option \($0)" } }
    }

    /// Puts letters in the place of numbers: `[option 2]` becomes `[B]`.
    public func labelled(_ text: String) -> String {
        Self.replace(in: text) { name in
            guard name.hasPrefix("option "), let option = Int(name.dropFirst(7)) else { return nil }
            return label(of: option) ?? "another option"
        }
    }

    /// A, B, ... Z, AA, AB and so on.
    private static func letters(_ place: Int) -> String {
        var text = ""
        var rest = place + 1
        while rest > 0 {
            text = String(UnicodeScalar(UInt8(65 + (rest - 1) % 26))) + text
            rest = (rest - 1) / 26
        }
        return text
    }

    private static func replace(in text: String, _ name: (String) -> String?) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "[") {
            result += rest[...open]
            rest = rest[rest.index(after: open)...]
            guard let close = rest.prefix(20).firstIndex(of: "]"), let new = name(String(rest[..<close])) else {
                continue
            }
            result += new + "]"
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }
}
