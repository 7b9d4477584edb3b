internal import CLinux

/// A reading of CLOCK_MONOTONIC: nanoseconds since an arbitrary start, never going back.
public struct Instant: Comparable, Hashable, Sendable, BitwiseCopyable {
    /// The nanoseconds.
    public var nanoseconds: Int

    /// A reading of so many nanoseconds.
    public init(nanoseconds: Int) {
        self.nanoseconds = nanoseconds
    }

    /// The time now.
    public static var now: Instant {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: time.tv_sec &* 1_000_000_000 &+ time.tv_nsec)
    }

    /// Whether the first is earlier.
    public static func < (first: Instant, second: Instant) -> Bool {
        first.nanoseconds < second.nanoseconds
    }

    /// A later reading.
    public static func + (instant: Instant, nanoseconds: Int) -> Instant {
        Instant(nanoseconds: instant.nanoseconds &+ nanoseconds)
    }

    /// The nanoseconds from one reading to another.
    public static func - (end: Instant, start: Instant) -> Int {
        end.nanoseconds &- start.nanoseconds
    }
}

/// The wall clock.
public enum WallClock {
    /// Nanoseconds since 1970-01-01 00:00:00 UTC.
    public static var now: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
    }

    /// Nanoseconds since 1970-01-01 00:00:00 UTC at the kernel's last tick, which costs no look at
    /// the hardware and is a few milliseconds ago at most.
    ///
    /// It is the clock of the times of files.
    public static var atLastTick: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
    }

    /// Seconds that local time is ahead of UTC at a time in seconds since 1970 (localtime_r(3)).
    public static func offsetFromUTC(at seconds: Int) -> Int {
        var seconds = seconds
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        return unsafe parts.tm_gmtoff
    }
}
