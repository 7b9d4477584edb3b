internal import BasicContainers
internal import Linux

/// Reads small files as a whole.
enum FileReader {
    /// The content of a file, or nil where it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        try? contents(of: path)
    }

    /// The content of a file.
    static func contents(of path: String) throws(Errno) -> [UInt8] {
        let file = try FileDescriptor.open(path, .read)
        var content: [UInt8] = []
        var buffer = RigidArray<UInt8>(capacity: 65536)
        while true {
            buffer.removeAll()
            var count = 0
            do throws(Errno) {
                try buffer.append(addingCount: 65536) { (output) throws(Errno) in
                    count = try file.read(into: &output)
                }
            } catch {
                throw error
            }
            if count == 0 { return content }
            for index in 0..<count { content.append(buffer[index]) }
        }
    }

    /// The names in a directory.
    static func names(in path: String) throws(Errno) -> [String] {
        let directory = try FileDescriptor.open(path, [.read, .directory])
        return try directory.entryNames().map { String(decoding: $0, as: UTF8.self) }
    }
}
