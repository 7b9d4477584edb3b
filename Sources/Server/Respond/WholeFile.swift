internal import BasicContainers
internal import Content
internal import HTTP
internal import Linux

/// Reads files whole.
enum WholeFile {
    /// The content; nil where the disk would be asked and must not, or the file has changed by now.
    static func read(_ file: OpenFile, mayBlock: Bool) -> [UInt8]? {
        let size = file.status.size
        var content = RigidArray<UInt8>(capacity: size + 1)
        while content.count <= size {
            var count = 0
            let offset = content.count
            do throws(Errno) {
                try content.append(addingCount: size + 1 - offset) { (output) throws(Errno) in
                    count =
                        mayBlock
                        ? try file.descriptor.read(into: &output, at: offset)
                        : try file.descriptor.readResident(into: &output, at: offset)
                }
            } catch {
                return nil
            }
            if count == 0 { break }
        }
        // What was written meanwhile must not stand under the old validators.
        guard content.count == size, (try? file.descriptor.status()) == file.status else {
            return nil
        }
        return content.span.extracting(0..<size).array
    }
}
