internal import CLinux

/// A file that takes a name only when it is whole.
///
/// It is written without a name where the file system can do that (O_TMPFILE), so that nothing is
/// left whatever happens, else as `.NAME.XXXXXXXX` beside its destination, removed when its owner
/// ends and when SIGINT, SIGTERM or SIGHUP ends the process (`Interruption`).
public struct TemporaryFile: ~Copyable {
    /// The open file, for writing.
    public let descriptor: FileDescriptor
    private let directory: String
    private let name: String
    /// The path that it has before it is published; nil where it has none.
    private var temporaryPath: String?

    /// A new file that is to replace, or to become, `path`.
    ///
    /// It takes the permissions of the file that it replaces, else those that umask(2) leaves of
    /// 0666.
    ///
    /// - Throws: ENOENT, EACCES, EROFS and so on where the directory takes no file; EISDIR where
    ///   `path` is a directory.
    public init(replacing path: String) throws(Errno) {
        let place = try ReplacedPath(path)
        let (directory, name) = (place.directory, place.name)
        var temporaryPath: String?
        let descriptor = try Self.open(in: directory, for: name, temporaryPath: &temporaryPath)
        if let mode = place.permissions { try? descriptor.setPermissions(mode) }
        self.descriptor = descriptor
        self.directory = directory
        self.name = name
        self.temporaryPath = temporaryPath
    }

    deinit {
        guard let temporaryPath else { return }
        unsafe unlink(temporaryPath)
        Interruption.removeOnSignal(nil)
    }

    /// Makes the content durable and gives it its name, in place of any file that has it.
    ///
    /// After a failure neither the old nor the new file is damaged: the name is what it was.
    public consuming func publish() throws(Errno) {
        try descriptor.synchronize()
        if temporaryPath == nil { try linkBesideDestination() }
        if let source = temporaryPath {
            let destination = "\(directory)/\(name)"
            _ = try check { unsafe rename(source, destination) }
            temporaryPath = nil
            Interruption.removeOnSignal(nil)
        }
        // Where a directory cannot be opened for reading, its entries are flushed in their own
        // time.
        try? FileDescriptor.open(directory, .read).synchronize()
    }

    /// Gives a file without a name its own name where that is free, else a temporary one, because
    /// link(2) replaces nothing.
    private mutating func linkBesideDestination() throws(Errno) {
        let source = "/proc/self/fd/\(descriptor.rawValue)"
        let destination = "\(directory)/\(name)"
        do throws(Errno) {
            return try Self.link(source, destination)
        } catch {
            if error != .exists { throw error }
        }
        for _ in 0..<Self.attemptLimit {
            let path = "\(directory)/\(Self.temporaryName(for: name))"
            Interruption.removeOnSignal(path)
            do throws(Errno) {
                try Self.link(source, path)
                temporaryPath = path
                return
            } catch {
                Interruption.removeOnSignal(nil)
                if error != .exists { throw error }
            }
        }
        throw .exists
    }

    private static func link(_ source: String, _ destination: String) throws(Errno) {
        _ = try check {
            unsafe linkat(AT_FDCWD, source, AT_FDCWD, destination, AT_SYMLINK_FOLLOW)
        }
    }

    /// A file without a name; nil where the file system has none, or where /proc, by which it would
    /// get its name later, is missing.
    private static func openUnnamed(in directory: String) -> FileDescriptor? {
        guard unsafe access("/proc/self/fd", X_OK) == 0 else { return nil }
        let number = unsafe clinux_openat(
            AT_FDCWD, directory, clinux_o_tmpfile | O_WRONLY | O_CLOEXEC, 0o666)
        return number < 0 ? nil : FileDescriptor(owning: number)
    }

    private static func open(
        in directory: String, for name: String, temporaryPath: inout String?
    ) throws(Errno) -> FileDescriptor {
        if let descriptor = openUnnamed(in: directory) { return descriptor }
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        for _ in 0..<attemptLimit {
            let path = "\(directory)/\(temporaryName(for: name))"
            Interruption.removeOnSignal(path)
            do throws(Errno) {
                let number = try check { unsafe clinux_openat(AT_FDCWD, path, flags, 0o666) }
                temporaryPath = path
                return FileDescriptor(owning: number)
            } catch {
                Interruption.removeOnSignal(nil)
                if error != .exists { throw error }
            }
        }
        throw .exists
    }

    /// How often another name is tried; a clash of two is one in 10¹² already.
    private static let attemptLimit = 16

    private static func temporaryName(for name: String) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let suffix = (0..<8).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] }
        // A name has at most 255 bytes.
        let kept = String(decoding: name.utf8.prefix(240), as: UTF8.self)
        let whole = kept.unicodeScalars.last == "\u{FFFD}" ? String(kept.dropLast()) : kept
        return ".\(whole).\(String(decoding: suffix, as: UTF8.self))"
    }
}
