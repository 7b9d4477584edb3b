internal import CLinux

/// What happens to a command-line tool on SIGINT, SIGTERM and SIGHUP: a file that is not whole is
/// removed, and the process ends at once, whatever it waits for.
public enum Interruption {
    /// The exit status after SIGINT, as the shell reports it.
    public static let exitStatus: CInt = 130

    /// Installs the handlers; once, before there are threads.
    public static func install() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            var action = sigaction()
            _ = unsafe sigaction(number, nil, &action)
            // A signal that whoever started us ignores, as nohup(1) does, stays ignored. SIG_IGN, a
            // cast in C, is 1.
            let handler = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            if handler == 1 { continue }
            unsafe action.__sigaction_handler.sa_handler = onSignal
            // The second one, raised by the handler, does what it would do by default.
            action.sa_flags = CInt(bitPattern: SA_RESETHAND)
            _ = unsafe sigaction(number, &action, nil)
        }
    }

    /// Names the file to remove; nil when there is none any more.
    ///
    /// One at a time: a tool has one transfer.
    static func removeOnSignal(_ path: String?) {
        var signals = sigset_t()
        var previous = sigset_t()
        unsafe sigfillset(&signals)
        // No handler runs while the path changes.
        unsafe sigprocmask(SIG_BLOCK, &signals, &previous)
        unsafe free(pathToRemove)
        unsafe pathToRemove = path.flatMap { unsafe strdup($0) }
        unsafe sigprocmask(SIG_SETMASK, &previous, nil)
    }
}

/// Read by the handler; changed only while signals are blocked.
nonisolated(unsafe) private var pathToRemove: UnsafeMutablePointer<CChar>?

/// Does only what signal-safety(7) allows.
private func onSignal(_ number: CInt) {
    if let path = unsafe pathToRemove { unsafe unlink(path) }
    if number == SIGINT { _exit(Interruption.exitStatus) }
    raise(number)
}
