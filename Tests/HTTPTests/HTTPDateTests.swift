import BasicContainers
import HTTP
import Testing

/// The days from 1970-01-01 on, counted one by one, so that nothing is shared with the sources.
private struct Calendar {
    private(set) var days = 0
    private(set) var year = 1970
    private(set) var month = 1
    private(set) var day = 1

    static func length(ofMonth month: Int, in year: Int) -> Int {
        let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    mutating func advance() {
        days += 1
        day += 1
        guard day > Self.length(ofMonth: month, in: year) else { return }
        day = 1
        month += 1
        guard month > 12 else { return }
        month = 1
        year += 1
    }

    var weekday: Int { (days + 4) % 7 }
}

private let weekdays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
]
private let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
]

private func pad(_ number: Int, _ width: Int, _ filler: String = "0") -> String {
    let digits = String(number)
    return String(repeating: filler, count: max(0, width - digits.count)) + digits
}

private func parse(_ text: String, now: Int = 1_800_000_000) -> Int? {
    let bytes = Array(text.utf8)
    return HTTPDate(parsing: bytes.span, now: HTTPDate(seconds: now))?.seconds
}

private func write(_ seconds: Int) -> String {
    var output = Bytes()
    HTTPDate(seconds: seconds).write(to: &output)
    return output.span.text
}

@Suite("RFC 9110 §5.6.7 dates")
struct HTTPDateTests {
    @Test(
        "the example of the RFC in its three forms",
        arguments: [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ])
    func threeForms(text: String) {
        #expect(parse(text) == 784_111_777)
        #expect(write(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    @Test("each day of 1970 to 2104, written and read")
    func everyDay() {
        var calendar = Calendar()
        while calendar.year < 2105 {
            let time = calendar.days * 7919 % 86400
            let seconds = calendar.days * 86400 + time
            let clock = "\(pad(time / 3600, 2)):\(pad(time / 60 % 60, 2)):\(pad(time % 60, 2))"
            let name = weekdays[calendar.weekday]
            let month = months[calendar.month - 1]
            let fixed =
                "\(name.prefix(3)), \(pad(calendar.day, 2)) \(month) \(calendar.year) \(clock) GMT"
            let ctime =
                "\(name.prefix(3)) \(month) \(pad(calendar.day, 2, " ")) \(clock) \(calendar.year)"
            guard write(seconds) == fixed, parse(fixed) == seconds, parse(ctime) == seconds else {
                Issue.record("\(fixed): \(write(seconds)), \(String(describing: parse(fixed)))")
                return
            }
            let civil = HTTPDate.civil(fromDays: calendar.days)
            guard civil == (calendar.year, calendar.month, calendar.day) else {
                Issue.record("\(fixed): \(civil)")
                return
            }
            calendar.advance()
        }
        #expect(calendar.days == 49308)
    }

    @Test(
        "days far away",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Thu, 28 Feb 1901 00:00:00 GMT", -2_172_441_600),
            ("Fri, 01 Mar 1901 00:00:00 GMT", -2_172_355_200),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
            ("Sun, 28 Feb 2100 00:00:00 GMT", 4_107_456_000),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("Mon, 01 Jan 0001 00:00:00 GMT", -62_135_596_800),
            ("Tue, 29 Feb 2400 00:00:00 GMT", 13_574_563_200),
        ])
    func farAway(text: String, seconds: Int) {
        #expect(parse(text) == seconds)
        #expect(write(seconds).dropFirst(3) == text.dropFirst(3))
    }

    /// 2026-06-15 12:00:00 UTC.
    private static let middleOf2026 = 1_781_524_800

    @Test(
        "a year of two digits is at most 50 years in the future",
        arguments: [
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994"), ("Monday, 15-Jun-26 12:00:00 GMT", "2026"),
            ("Tuesday, 15-Jun-27 12:00:00 GMT", "2027"), ("Friday, 01-Jan-76 00:00:00 GMT", "2076"),
            ("Monday, 15-Jun-76 12:00:00 GMT", "2076"), ("Monday, 15-Jun-76 12:00:01 GMT", "1976"),
            ("Thursday, 31-Dec-76 00:00:00 GMT", "1976"),
            ("Saturday, 01-Jan-77 00:00:00 GMT", "1977"),
            ("Saturday, 01-Jan-00 00:00:00 GMT", "2000"),
            ("Friday, 31-Dec-99 23:59:59 GMT", "1999"),
            ("Tuesday, 29-Feb-00 00:00:00 GMT", "2000"),
        ])
    func shortYear(text: String, year: String) throws {
        let seconds = try #require(parse(text, now: Self.middleOf2026))
        #expect(write(seconds).split(separator: " ")[3] == year)
    }

    @Test(
        "not dates",
        arguments: [
            "", "0", "784111777", "Sun", "Sun,", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 06 Nov 1994 08:49:37 gmt", "Sun, 06 Nov 1994 08:49:37 GMT ",
            " Sun, 06 Nov 1994 08:49:37 GMT", "Sun,  06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
            "sun, 06 Nov 1994 08:49:37 GMT", "Sux, 06 Nov 1994 08:49:37 GMT",
            "Sun 06 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 32 Oct 1994 08:49:37 GMT",
            "Sun, 29 Feb 2023 08:49:37 GMT", "Sun, 29 Feb 1900 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 1994 08:49:37.0 GMT",
            "Sun, 06 Nov -994 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT",
            "Sunday, 06 Nov 94 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37",
            "Someday, 06-Nov-94 08:49:37 GMT", "Sunday, 30-Feb-94 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994", "Sun Nov   6 08:49:37 1994", "Sun Nov  6 08:49:37 94",
            "Sun Nov  6 08:49:37 1994 GMT", "Sunday Nov  6 08:49:37 1994",
            "Sun Nov  0 08:49:37 1994", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT, x",
        ])
    func notDates(text: String) {
        #expect(parse(text) == nil)
    }

    @Test("a leap second is the first of the next minute")
    func leapSecond() {
        #expect(parse("Sat, 31 Dec 2016 23:59:60 GMT") == 1_483_228_800)
    }
}
