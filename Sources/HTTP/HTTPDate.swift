internal import Glibc

/// A moment as HTTP headers write it (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
package struct HTTPDate {
    package let secondsSince1970: Int

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Nil for anything else, also for the two forms that have been obsolete since 1997.
    package init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT",
            let day = Int32(parts[1]), (1...31).contains(day),
            let month = Self.months.firstIndex(of: String(parts[2])),
            let year = Int32(parts[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":").map { Int32($0) ?? -1 }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        var moment = tm()
        moment.tm_mday = day
        moment.tm_mon = Int32(month)
        moment.tm_year = year - 1900
        (moment.tm_hour, moment.tm_min, moment.tm_sec) = (clock[0], clock[1], clock[2])
        secondsSince1970 = timegm(&moment)
    }
}
