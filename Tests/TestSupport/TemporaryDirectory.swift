internal import Foundation

/// A directory of a test's own, removed with all that is in it when the test is done.
///
/// Paths are relative to it.
public final class TemporaryDirectory: Sendable {
    /// The absolute path of the directory.
    public let path: String

    /// Makes an empty directory.
    public init() throws {
        let name = "httpd-swift-test-\(UUID().uuidString)"
        path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The absolute path of what is in the directory.
    public func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes a directory and those above it.
    public func makeDirectory(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: path(name), withIntermediateDirectories: true)
    }

    /// Writes a file in place, in directories that are made where they are missing.
    public func write(_ name: String, _ text: String) throws {
        if let slash = name.lastIndex(of: "/") { try makeDirectory(String(name[..<slash])) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
    }

    /// Writes a file of any bytes.
    public func write(_ name: String, bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }

    /// The bytes of a file, or nil where there is none.
    public func bytes(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path(name)).map { Array($0) }
    }

    /// Makes a symbolic link.
    public func makeLink(_ name: String, to destination: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: path(name), withDestinationPath: destination)
    }

    /// Sets when a file was modified, in seconds since 1970.
    public func setModified(_ name: String, _ seconds: Double) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: path(name))
    }

    /// Sets the permission bits.
    public func setPermissions(_ name: String, _ mode: Int) throws {
        try FileManager.default.setAttributes(
            [.posixPermissions: mode], ofItemAtPath: path(name))
    }

    /// The permission bits.
    public func permissions(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path(name))[.posixPermissions] as? Int
    }

    /// Removes a file or a directory with all that is in it.
    public func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path(name))
    }

    /// The content of a file, or nil where there is none.
    public func read(_ name: String) -> String? {
        FileManager.default.contents(atPath: path(name)).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// The paths of all files, links and directories, sorted.
    public func paths() -> [String] {
        (FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []).sorted()
    }
}
