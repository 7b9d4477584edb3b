internal import Foundation

/// A command of the system that reads standard input and writes standard output.
public struct Filter: Sendable {
    /// Why it gave nothing.
    public struct Failure: Error {
        /// What the command ended with.
        public let status: Int32
    }

    private let command: URL
    private let arguments: [String]

    /// A command that is found in the usual places; nil where it is not installed.
    public init?(_ name: String, _ arguments: String...) {
        let paths = ["/usr/bin/\(name)", "/bin/\(name)", "/usr/local/bin/\(name)"]
        guard let path = paths.first(where: FileManager.default.isExecutableFile) else {
            return nil
        }
        command = URL(fileURLWithPath: path)
        self.arguments = arguments
    }

    /// What it writes for an input.
    public func callAsFunction(_ input: [UInt8]) throws -> [UInt8] {
        // Files, since two pipes could wait for each other.
        let directory = try TemporaryDirectory()
        try directory.write("input", bytes: input)
        try directory.write("output", bytes: [])
        let process = Process()
        process.executableURL = command
        process.arguments = arguments
        process.standardInput = FileHandle(forReadingAtPath: directory.path("input"))
        process.standardOutput = FileHandle(forWritingAtPath: directory.path("output"))
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(status: process.terminationStatus)
        }
        return directory.bytes("output") ?? []
    }
}
