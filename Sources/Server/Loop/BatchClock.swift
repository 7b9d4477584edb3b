internal import BasicContainers
internal import HTTP
internal import Linux

/// The time as one batch of events sees it: read once when the batch begins.
struct BatchClock: ~Copyable {
    /// The monotonic time.
    private(set) var now = Instant.now
    /// The wall clock at the kernel's last tick, nanoseconds since 1970.
    private(set) var wall = WallClock.atLastTick
    /// The wall clock in whole seconds.
    private(set) var seconds = 0
    /// The value of the Date field for `seconds`.
    private(set) var dateText = Bytes()
    /// The time as the Combined Log Format has it: `[23/Nov/2026:01:43:57 +0000]`.
    private(set) var logText = Bytes()

    init() {
        update()
    }

    /// The time as a date.
    var date: HTTPDate { HTTPDate(seconds: seconds) }

    /// Reads the clocks.
    mutating func update() {
        now = .now
        wall = WallClock.atLastTick
        let second = wall / 1_000_000_000
        guard second != seconds else { return }
        seconds = second
        dateText.removeAll(keepingCapacity: true)
        HTTPDate(seconds: second).write(to: &dateText)
        writeLogText()
    }

    private mutating func writeLogText() {
        let offset = WallClock.offsetFromUTC(at: seconds)
        let local = seconds + offset
        let (year, month, day) = HTTPDate.civil(fromDays: local / 86400)
        let time = local % 86400
        logText.removeAll(keepingCapacity: true)
        logText.append(0x5B)
        logText.append(twoDigits: day)
        logText.append(0x2F)
        logText.append(HTTPDate.monthName(month))
        logText.append(0x2F)
        logText.append(decimal: year)
        for part in [time / 3600, time / 60 % 60, time % 60] {
            logText.append(0x3A)
            logText.append(twoDigits: part)
        }
        logText.append(0x20)
        logText.append(offset < 0 ? 0x2D : 0x2B)
        logText.append(twoDigits: abs(offset) / 3600)
        logText.append(twoDigits: abs(offset) / 60 % 60)
        logText.append(0x5D)
    }
}
