internal import CLinux

/// Where a file is that is to be replaced, or made, as a whole.
public struct ReplacedPath: Sendable {
    /// The directory that it is in.
    public let directory: String
    /// Its name there; that of the file which a symbolic link leads to.
    public let name: String
    /// The permission bits that it has; nil where it is not there.
    ///
    /// What replaces it takes them: content that only some could read stays so.
    public let permissions: UInt32?

    /// Looks at what is at a path.
    ///
    /// - Throws: EISDIR where that is a directory.
    public init(_ path: String) throws(Errno) {
        let replaced = try? FileStatus(path: path)
        if replaced?.kind == .directory { throw .isDirectory }
        // A link stays a link: the file that it points to is replaced.
        let path = replaced == nil ? path : resolvedPath(path)
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        permissions = replaced.map { $0.mode & 0o777 }
        if name.isEmpty { throw .isDirectory }
    }

    /// The path of a name in the directory.
    public func path(of name: String) -> String {
        directory == "." ? name : "\(directory)/\(name)"
    }
}

/// The path with every symbolic link resolved (realpath(3)); the path itself where that fails.
private func resolvedPath(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
}

extension FileStatus {
    /// Whether it belongs to the user that this process acts as (geteuid(2)).
    public var isOwn: Bool { owner == geteuid() }
}

extension FileDescriptor {
    /// Renames a file, replacing what has the new name; paths as the process sees them (rename(2)).
    public static func rename(_ path: String, to newPath: String) throws(Errno) {
        _ = try check { unsafe CLinux.rename(path, newPath) }
    }

    /// Removes a file's name; a path as the process sees it (unlink(2)).
    public static func unlink(_ path: String) throws(Errno) {
        _ = try check { unsafe CLinux.unlink(path) }
    }
}
