public import BasicContainers

/// A date as HTTP writes it (RFC 9110 §5.6.7): whole seconds since 1970, UTC.
public struct HTTPDate: Hashable, Comparable, Sendable, BitwiseCopyable {
    /// Seconds since 1970-01-01 00:00:00 UTC; of the years 0…9999.
    public let seconds: Int

    /// A date of so many seconds since 1970.
    public init(seconds: Int) {
        self.seconds = seconds
    }

    /// Whether the first is earlier.
    public static func < (first: HTTPDate, second: HTTPDate) -> Bool {
        first.seconds < second.seconds
    }

    /// The bytes of an IMF-fixdate.
    public static let byteCount = 29

    /// Appends the IMF-fixdate, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    public func write(to output: inout UniqueArray<UInt8>) {
        output.append(addingCount: Self.byteCount) { write(to: &$0) }
    }

    /// Appends the IMF-fixdate where there is room for it.
    func write(to output: inout OutputSpan<UInt8>) {
        let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let time = seconds - days * 86400
        let (year, month, day) = Self.civil(fromDays: days)
        output.append(Self.weekdayName((days % 7 + 11) % 7))
        output.append(", ")
        output.append(twoDigits: day)
        output.append(0x20)
        output.append(Self.monthName(month))
        output.append(0x20)
        output.append(twoDigits: year / 100 % 100)
        output.append(twoDigits: year % 100)
        output.append(0x20)
        output.append(twoDigits: time / 3600)
        output.append(0x3A)
        output.append(twoDigits: time / 60 % 60)
        output.append(0x3A)
        output.append(twoDigits: time % 60)
        output.append(" GMT")
    }

    /// The date that a field value says in any of the three forms, or nil where it is in none.
    ///
    /// - Parameters:
    ///   - value: the field value, trimmed.
    ///   - now: the time that a two-digit year is near: one that would be more than 50 years in the
    ///     future is in the past century (RFC 9110 §5.6.7).
    public init?(parsing value: Span<UInt8>, now: HTTPDate) {
        var reader = Reader(value)
        guard let seconds = reader.date(now: now), reader.isAtEnd else { return nil }
        self.seconds = seconds
    }

    /// The year, month (1…12) and day (1…31) of a number of days since 1970.
    public static func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func weekdayName(_ day: Int) -> StaticString {
        switch day {
        case 0: "Sun"
        case 1: "Mon"
        case 2: "Tue"
        case 3: "Wed"
        case 4: "Thu"
        case 5: "Fri"
        default: "Sat"
        }
    }

    /// The three letters of a month, 1…12.
    public static func monthName(_ month: Int) -> StaticString {
        switch month {
        case 1: "Jan"
        case 2: "Feb"
        case 3: "Mar"
        case 4: "Apr"
        case 5: "May"
        case 6: "Jun"
        case 7: "Jul"
        case 8: "Aug"
        case 9: "Sep"
        case 10: "Oct"
        case 11: "Nov"
        default: "Dec"
        }
    }
}

/// Reads IMF-fixdate, the obsolete RFC 850 form and that of asctime().
private struct Reader: ~Copyable, ~Escapable {
    private let bytes: Span<UInt8>
    private var offset = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func date(now: HTTPDate) -> Int? {
        guard let letters = word() else { return nil }
        guard accept(", ") else { return letters == 3 ? asctimeDate() : nil }
        guard let day = number(2) else { return nil }
        let separator: StaticString = letters == 3 ? " " : "-"
        guard accept(separator), let month = month(), accept(separator),
            let year = number(letters == 3 ? 4 : 2), accept(" "), let time = time(), accept(" GMT")
        else { return nil }
        guard letters > 3 else { return seconds(year, month, day, time) }
        let current = HTTPDate.civil(fromDays: now.seconds / 86400)
        let thisCentury = current.year - current.year % 100
        // rfc850-date: what would be more than 50 years in the future is of the past century.
        let limit = HTTPDate.days(
            year: current.year + 50, month: current.month, day: current.day)
        let date = seconds(thisCentury + year, month, day, time)
        guard let date, date > limit * 86400 + now.seconds % 86400 else { return date }
        return seconds(thisCentury + year - 100, month, day, time)
    }

    mutating func asctimeDate() -> Int? {
        guard accept(" "), let month = month(), accept(" ") else { return nil }
        guard let day = accept(" ") ? number(1) : number(2), accept(" "), let time = time(),
            accept(" "), let year = number(4)
        else { return nil }
        return seconds(year, month, day, time)
    }

    func seconds(_ year: Int, _ month: Int, _ day: Int, _ time: Int) -> Int? {
        let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length = month == 2 ? (isLeapYear ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
        guard day >= 1, day <= length else { return nil }
        return HTTPDate.days(year: year, month: month, day: day) * 86400 + time
    }

    /// The letters of a day's name: how many, or nil where it is none.
    mutating func word() -> Int? {
        let start = offset
        while offset < bytes.count, bytes[offset].lowercased &- 0x61 < 26 { offset &+= 1 }
        let name = bytes.extracting(start..<offset)
        for day in 0..<7 where name.count == 3 && name.equals(HTTPDate.weekdayName(day)) {
            return 3
        }
        let long =
            name.equals("Sunday") || name.equals("Monday") || name.equals("Tuesday")
            || name.equals("Wednesday") || name.equals("Thursday") || name.equals("Friday")
            || name.equals("Saturday")
        return long ? name.count : nil
    }

    mutating func month() -> Int? {
        guard offset &+ 3 <= bytes.count else { return nil }
        let name = bytes.extracting(offset..<offset &+ 3)
        for month in 1...12 where name.equals(HTTPDate.monthName(month)) {
            offset &+= 3
            return month
        }
        return nil
    }

    mutating func time() -> Int? {
        guard let hour = number(2), accept(":"), let minute = number(2), accept(":"),
            let second = number(2), hour < 24, minute < 60, second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    mutating func number(_ digits: Int) -> Int? {
        guard offset &+ digits <= bytes.count,
            let value = bytes.extracting(offset..<offset &+ digits).decimalValue
        else { return nil }
        offset &+= digits
        return value
    }

    mutating func accept(_ text: StaticString) -> Bool {
        let end = offset &+ text.utf8CodeUnitCount
        guard end <= bytes.count, bytes.extracting(offset..<end).equals(text) else { return false }
        offset = end
        return true
    }
}
