internal import Queue

/// HTTP status codes: single ones, and whole classes such as `2xx`.
struct StatusSet: Sendable {
    private let codes: Set<Int>
    private let classes: Set<Int>

    static let success = StatusSet(codes: [], classes: [2])
    /// What is likely to pass: the request came too slowly, too early, too often, or the server has trouble.
    static let retry = StatusSet(codes: [408, 409, 425, 429], classes: [5])

    private init(codes: Set<Int>, classes: Set<Int>) {
        self.codes = codes
        self.classes = classes
    }

    /// Nil when an element is neither a number from 100 to 599 nor one of the strings `1xx` to `5xx`.
    init?(_ elements: [JSONValue]) {
        var codes: Set<Int> = []
        var classes: Set<Int> = []
        for element in elements {
            switch element {
            case .integer(let code) where (100...599).contains(code):
                codes.insert(Int(code))
            case .string(let text) where text.count == 3 && text.lowercased().hasSuffix("xx"):
                guard let digit = text.first?.wholeNumberValue, (1...5).contains(digit) else { return nil }
                classes.insert(digit)
            default:
                return nil
            }
        }
        self.init(codes: codes, classes: classes)
    }

    func contains(_ code: Int) -> Bool {
        codes.contains(code) || classes.contains(code / 100)
    }
}
