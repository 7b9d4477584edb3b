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

    /// Kept, because one may not be to be had when the watchdog must be fed.
    private static let socket: FileDescriptor? = {
        guard let path = unsafe getenv("NOTIFY_SOCKET").map({ unsafe String(cString: $0) }),
            path.hasPrefix("/")
        else { return nil }
        return try? .datagram(to: path)
    }()

    private static func send(_ message: String) {
        let isSent =
            switch socket {
            case .some(let socket): (try? socket.send(Array(message.utf8).span)) != nil
            case Optional.none: false
            }
        // The manager may listen elsewhere, or anew, or may have to be waited for.
        if !isSent { _ = unsafe sd_notify(0, message) }
    }
}
