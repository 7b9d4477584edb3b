internal import BasicContainers
internal import HTTP

/// A listing as JSON; `ListingContent` says what stands in it.
enum ListingJSON {
    static func writeHead(of listing: DirectoryListing, to output: inout Bytes) {
        output.append("{\"path\":\"")
        let path = listing.path.absolute
        append(path: path.span, to: &output)
        output.append("\",\"parent\":")
        if listing.path.isRoot {
            output.append("null")
        } else {
            let parent = listing.path.parent
            output.append("\"/")
            if parent != [0x2E, 0] {
                append(path: parent.span.extracting(0..<parent.count - 1), to: &output)
                output.append(0x2F)
            }
            output.append(0x22)
        }
        output.append(",\"entries\":[")
    }

    static func writeEntry(_ index: Int, of listing: DirectoryListing, to output: inout Bytes) {
        let entry = listing.entries[index]
        let name = entry.name(in: listing.names.span)
        output.append(index == 0 ? "\n{\"name\":\"" : ",\n{\"name\":\"")
        output.append(name, as: .json)
        output.append("\",\"href\":\"")
        output.append(reference: name, isDirectory: entry.isDirectory)
        if entry.isDirectory {
            output.append("\",\"type\":\"directory\",\"size\":null")
        } else {
            output.append("\",\"type\":\"file\",\"size\":")
            output.append(decimal: entry.size)
        }
        output.append(",\"modified\":\"")
        output.append(time: entry.modified)
        output.append("\"}")
    }

    static func writeEnd(_ capabilities: ListingCapabilities, to output: inout Bytes) {
        output.append("\n],\"capabilities\":{\"upload\":")
        output.append(capabilities.upload ? "true" : "false")
        output.append(",\"overwrite\":")
        output.append(capabilities.overwrite ? "true" : "false")
        output.append(",\"create_directories\":")
        output.append(capabilities.createDirectories ? "true" : "false")
        output.append(",\"max_size\":")
        if let size = capabilities.maximumSize {
            output.append(decimal: size)
        } else {
            output.append("null")
        }
        output.append(",\"delete\":")
        output.append(capabilities.delete ? "true" : "false")
        output.append("}}\n")
    }

    private static func append(path: Span<UInt8>, to output: inout Bytes) {
        var start = 0
        for offset in 0..<path.count where path[offset] == 0x2F {
            output.append(segment: path.extracting(start..<offset))
            output.append(0x2F)
            start = offset &+ 1
        }
        output.append(segment: path.extracting(start..<path.count))
    }
}
