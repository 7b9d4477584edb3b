internal import CSystemd
public import Linux

/// What the service manager is told (sd_notify(3)); nothing happens without one.
public enum ServiceNotification {
    /// READY=1: start-up, or a reload, is complete.
    public static func ready(status: String) {
        send("READY=1\nSTATUS=\(status)")
    }

    /// RELOADING=1, with the time in the same message, as later versions demand.
    public static func reloading(at now: Instant) {
        send("RELOADING=1\nMONOTONIC_USEC=\(now.nanoseconds / 1000)")
    }

    /// STOPPING=1: the shutdown begins.
    public static func stopping(status: String) {
        send("STOPPING=1\nSTATUS=\(status)")
    }

    /// STATUS=: one line for `systemctl status`.
    public static func status(_ status: String) {
        send("STATUS=\(status)")
    }

    /// WATCHDOG=1: alive.
    public static func watchdog() {
        send("WATCHDOG=1")
    }

    /// How often the watchdog must be fed, nanoseconds (sd_watchdog_enabled(3)); nil where there is
    /// none.
    public static var watchdogInterval: Int? {
        var microseconds: UInt64 = 0
        guard unsafe sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return Int(clamping: microseconds) * 1000
    }

    private static func send(_ message: String) {
        _ = unsafe sd_notify(0, message)
    }
}
