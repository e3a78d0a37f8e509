/// A moment as HTTP headers write it (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPMoment {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Nil for anything else.
    static func secondsSince1970(_ text: String) -> Int? {
        let words = text.split(whereSeparator: { $0 == " " || $0 == ":" })
        guard words.count == 8, words[0].hasSuffix(","), words[7] == "GMT",
            let day = Int(words[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(words[2])).map({ $0 + 1 }),
            let year = Int(words[3]), (1970...9999).contains(year),
            let hour = Int(words[4]), (0...23).contains(hour),
            let minute = Int(words[5]), (0...59).contains(minute),
            let second = Int(words[6]), (0...60).contains(second)
        else { return nil }
        // Days in the Gregorian calendar, with years that begin in March, so that leap days come last.
        let (y, m) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
        let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468
        return ((days * 24 + hour) * 60 + minute) * 60 + second
    }
}
