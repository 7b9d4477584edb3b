internal import Digests
internal import Linux

/// A download that can be continued: `NAME.part` beside its destination, and `NAME.part.info`,
/// which says what that is a part of (`PartRecord`).
///
/// Only one process at a time has it (flock(2) on the record). A record that another user wrote is
/// not believed, and a part without a record is somebody else's: both are left alone.
struct PartialFile: ~Copyable {
    private let place: ReplacedPath
    private var info: FileDescriptor
    private var part: FileDescriptor
    private var record: PartRecord?
    private var digester = Digester(.sha256)
    /// Where the next mark is written in the record.
    private var markOffset = 0
    private var lastKeptMark = 0
    private var isRemoved = false
    /// How many bytes there are, which are right.
    private(set) var byteCount = 0

    /// What the bytes are the beginning of; nil where there are none.
    var version: PartRecord.Version? { byteCount > 0 ? record?.version : nil }
    /// The path of the part.
    var path: String { place.path(of: partName) }

    private var partName: String { "\(place.name).part" }
    private var infoPath: String { place.path(of: "\(partName).info") }

    /// What opening one came to.
    enum Opening: ~Copyable {
        case opened(PartialFile)
        /// It cannot be, for this reason.
        case impossible(String)
    }

    /// Finds what is there of a file, or makes the place for it.
    ///
    /// - Parameter path: the destination.
    /// - Returns: it, or why it cannot be.
    /// - Throws: `inUse` where another process has it; `file` where the directory takes no file.
    static func open(for path: String) throws(ClientError) -> Opening {
        do throws(Errno) {
            let place = try ReplacedPath(path)
            let partPath = place.path(of: "\(place.name).part")
            let info = try lockedRecord(at: "\(partPath).info", [])
            let part = try existing(at: partPath, [])
            var record: PartRecord?
            if !info.isNone {
                let status = try info.status()
                guard status.kind == .regular, status.isOwn, status.mode & 0o022 == 0 else {
                    return .impossible("\(partPath).info is not of this user alone")
                }
                record = PartRecord(try content(of: info, status.size))
                if record == nil && status.size > 0 {
                    return .impossible("\(partPath).info is there, and no record of a download")
                }
            }
            if !part.isNone {
                let status = try part.status()
                guard record != nil, status.kind == .regular, status.isOwn else {
                    return .impossible("\(partPath) is there, and not known to be of this file")
                }
            }
            var file = PartialFile(place: place, info: info, part: part, record: record)
            try file.verify()
            return .opened(file)
        } catch .busy {
            throw .inUse(Self.inUse(path))
        } catch .symbolicLinkLoop {
            return .impossible("\(path).part is a symbolic link")
        } catch .nameTooLong {
            return .impossible("the name is too long for another beside it")
        } catch .accessDenied, .notPermitted, .isDirectory, .noSuchDevice, .notSupported {
            return .impossible("\(path).part or \(path).part.info cannot be used")
        } catch {
            throw .file(path, error)
        }
    }

    private init(
        place: ReplacedPath, info: consuming FileDescriptor, part: consuming FileDescriptor,
        record: PartRecord?
    ) {
        self.place = place
        self.info = info
        self.part = part
        self.record = record
    }

    deinit {
        // Nothing is kept of what has not begun.
        if byteCount == 0 && !isRemoved { removeFiles() }
    }

    /// The record with its lock; none where it is missing and is not to be made.
    ///
    /// - Throws: EBUSY where somebody else has the lock.
    private static func lockedRecord(
        at path: String, _ more: OpenMode
    ) throws(Errno) -> FileDescriptor {
        while true {
            let info = try existing(at: path, more)
            // Another user's is not believed, so his lock is not waited for.
            if info.isNone { return info }
            guard try info.status().isOwn else { return info }
            guard try info.tryLock() else { throw .busy }
            // Who had the lock before may have removed the file meanwhile.
            let status = try info.status()
            if let named = try? FileStatus(path: path), named.isSameFile(as: status) {
                return info
            }
        }
    }

    private static func existing(
        at path: String, _ more: OpenMode
    ) throws(Errno) -> FileDescriptor {
        do throws(Errno) {
            return try FileDescriptor.open(
                path, [.readWrite, .noFollow, more], permissions: 0o600)
        } catch .notFound where !more.contains(.create) {
            return .none
        }
    }

    private static func content(
        of file: borrowing FileDescriptor, _ size: Int
    ) throws(Errno) -> [UInt8] {
        // 86 bytes for every 16 MiB: enough for 3 TiB.
        guard size <= 16 << 20 else { return [] }
        var content: [UInt8] = []
        while content.count < size {
            let count = content.count
            try content.append(addingCapacity: size - count) { (span) throws(Errno) in
                _ = try file.read(into: &span, at: count)
            }
            if content.count == count { break }
        }
        return content
    }

    /// Finds the last mark that holds.
    private mutating func verify() throws(Errno) {
        guard let record, !part.isNone else { return }
        let status = try part.status()
        let running = Digester(.sha256)
        for (index, mark) in record.marks.enumerated() where mark.byteCount <= status.size {
            let start = index == 0 ? 0 : record.marks[index - 1].byteCount
            guard try digest(start..<mark.byteCount, by: running),
                Self.hexadecimal(running.digest()) == mark.digest
            else { break }
            byteCount = mark.byteCount
            digester = running.copy()
        }
        self.record?.marks.removeAll { $0.byteCount > byteCount }
    }

    /// Adds a part of the bytes to a digest; false where they are not there.
    private func digest(_ range: Range<Int>, by digester: Digester) throws(Errno) -> Bool {
        var offset = range.lowerBound
        var block: [UInt8] = []
        while offset < range.upperBound {
            block.removeAll(keepingCapacity: true)
            let (count, position) = (min(256 << 10, range.upperBound - offset), offset)
            try block.append(addingCapacity: count) { (span) throws(Errno) in
                _ = try part.read(into: &span, at: position)
            }
            if block.isEmpty { return false }
            digester.update(block.span)
            offset += block.count
        }
        return true
    }

    /// The digest of all bytes so far.
    func digest(_ algorithm: DigestAlgorithm) throws(ClientError) -> [UInt8] {
        if algorithm == digester.algorithm { return digester.digest() }
        let other = Digester(algorithm)
        do throws(Errno) {
            guard try digest(0..<byteCount, by: other) else { return [] }
        } catch {
            throw .file(path, error)
        }
        return other.digest()
    }

    /// Starts anew with a version; what was there is gone.
    mutating func begin(_ version: PartRecord.Version) throws(ClientError) {
        do throws(Errno) {
            if info.isNone {
                let info = try Self.lockedRecord(at: infoPath, .create)
                // Another process was faster, and is done or gave up already.
                let status = try info.status()
                if !status.isOwn || status.size > 0 { throw .busy }
                self.info = info
            }
            byteCount = 0
            digester = Digester(.sha256)
            record = PartRecord(version: version)
            // First, because a part without a record is somebody else's.
            try writeRecord()
            if part.isNone {
                part = try FileDescriptor.open(
                    path, [.readWrite, .create, .exclusive, .noFollow], permissions: 0o666)
            }
        } catch .busy {
            throw .inUse(Self.inUse(place.path(of: place.name)))
        } catch {
            throw .file(path, error)
        }
        try goOn()
    }

    /// Goes on behind the bytes that are right; what is behind them is gone.
    mutating func goOn() throws(ClientError) {
        do throws(Errno) {
            try writeRecord()
            try part.truncate(to: byteCount)
            // While it grows it can be opened again, whatever the destination's permissions are.
            if let mode = place.permissions { try? part.setPermissions(mode | 0o600) }
        } catch {
            throw .file(path, error)
        }
    }

    private mutating func writeRecord() throws(Errno) {
        guard let record else { return }
        let lines = record.heading + record.marks.map(record.line).joined()
        let text = Array(lines.utf8)
        try info.writeAll(text.span, at: 0)
        try info.truncate(to: text.count)
        markOffset = text.count
        lastKeptMark = record.marks.last?.byteCount ?? 0
    }

    /// Adds bytes, and says so in the record.
    mutating func append(_ bytes: Span<UInt8>) throws(ClientError) {
        guard let record, !bytes.isEmpty else { return }
        do throws(Errno) {
            try part.writeAll(bytes, at: byteCount)
            byteCount += bytes.count
            digester.update(bytes)
            let mark = PartRecord.Mark(
                byteCount: byteCount, digest: Self.hexadecimal(digester.digest()))
            let line = Array(record.line(of: mark).utf8)
            try info.writeAll(line.span, at: markOffset)
            // The last mark moves along; some stay, for the case that the bytes behind them are
            // lost with the power.
            if byteCount - lastKeptMark >= Self.markDistance {
                markOffset += line.count
                lastKeptMark = byteCount
            }
        } catch {
            throw .file(path, error)
        }
    }

    /// Makes the bytes durable and gives them the name of the destination.
    mutating func publish() throws(ClientError) {
        do throws(Errno) {
            try part.truncate(to: byteCount)
            try part.synchronize()
            // It may have lost its name to another file.
            let named = try FileStatus(path: path)
            guard try named.isSameFile(as: part.status()) else { throw .notFound }
            if let mode = place.permissions { try? part.setPermissions(mode) }
            try FileDescriptor.rename(path, to: place.path(of: place.name))
            try? FileDescriptor.unlink(infoPath)
            isRemoved = true
            try? FileDescriptor.open(place.directory, .read).synchronize()
        } catch {
            throw .file(path, error)
        }
    }

    /// Removes all of it.
    mutating func remove() {
        removeFiles()
        byteCount = 0
        isRemoved = true
    }

    private func removeFiles() {
        Self.remove(path, if: part)
        Self.remove(infoPath, if: info)
    }

    /// Removes a name that is still that of an open file.
    private static func remove(_ path: String, if file: borrowing FileDescriptor) {
        guard !file.isNone, let status = try? file.status(),
            let named = try? FileStatus(path: path), named.isSameFile(as: status)
        else { return }
        try? FileDescriptor.unlink(path)
    }

    private static func inUse(_ path: String) -> String {
        "\(TerminalText.escape(path)): another httpctl is getting it"
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static let markDistance = 16 << 20
}

extension FileStatus {
    fileprivate func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && inode == other.inode
    }
}
