internal import CLinux

/// What a descriptor can be ready for (poll(2)).
public struct Readiness: OptionSet, Sendable {
    /// The events of poll(2).
    public let rawValue: CShort

    /// A set of events of poll(2).
    public init(rawValue: CShort) {
        self.rawValue = rawValue
    }

    /// There is something to read, an end of file or an error.
    public static let readable = Readiness(rawValue: CShort(POLLIN))
    /// There is room to write.
    public static let writable = Readiness(rawValue: CShort(POLLOUT))
}

extension FileDescriptor {
    /// Waits until the descriptor is ready for one of several things (poll(2)).
    ///
    /// - Parameters:
    ///   - interest: what to wait for.
    ///   - milliseconds: how long at most; -1 is for ever.
    /// - Returns: what of `interest` it is ready for, all of it after an error or a hang-up, whose
    ///   reason the next read or write tells; nothing when the time was over.
    /// - Throws: ENOMEM, and nothing else.
    public func wait(for interest: Readiness, milliseconds: CInt) throws(Errno) -> Readiness {
        var entry = pollfd(fd: rawValue, events: interest.rawValue, revents: 0)
        _ = try check { unsafe poll(&entry, 1, milliseconds) }
        let failed = CInt(entry.revents) & (POLLERR | POLLHUP | POLLNVAL) != 0
        return failed ? interest : Readiness(rawValue: entry.revents).intersection(interest)
    }
}
