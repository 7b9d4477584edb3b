/// How long the parts of a transfer may take.
public struct Timeouts: Sendable {
    /// Until an address takes the connection.
    public var connect: Duration
    /// Without a byte moving either way.
    public var stall: Duration
    /// The whole transfer, from the first look-up to the end of the content; nil is any time.
    public var total: Duration?

    /// Times; by default 10 s to connect, 60 s without movement, and no limit on the whole.
    public init(
        connect: Duration = .seconds(10), stall: Duration = .seconds(60), total: Duration? = nil
    ) {
        self.connect = connect
        self.stall = stall
        self.total = total
    }
}

/// A point in time that ends waiting.
struct Deadline: Sendable {
    let instant: ContinuousClock.Instant
    let message: String

    /// The earlier one of so much from now, and `limit`.
    init(in duration: Duration, _ message: String, atMost limit: Deadline? = nil) {
        let instant = ContinuousClock.now + duration
        if let limit, limit.instant < instant {
            self = limit
        } else {
            self.instant = instant
            self.message = message
        }
    }

    /// Milliseconds from now for poll(2), rounded up; 0 when it is over.
    var milliseconds: CInt {
        let (seconds, attoseconds) = (instant - .now).components
        if seconds < 0 || attoseconds < 0 { return 0 }
        return CInt(
            min(seconds, 1_000_000) * 1000 + (attoseconds + 999_999_999_999_999)
                / 1_000_000_000_000_000)
    }
}

extension Duration {
    /// `1.5 s`, for people.
    var text: String {
        let (seconds, attoseconds) = components
        let tenths = attoseconds / 100_000_000_000_000_000
        return tenths == 0 ? "\(seconds) s" : "\(seconds).\(tenths) s"
    }
}
