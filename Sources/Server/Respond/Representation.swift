internal import BasicContainers
internal import Content
internal import Control
internal import HTTP

/// What responses say of a file (RFC 9110 §8): everything but its bytes.
struct Representation: Sendable {
    let validators: Validators
    let byteCount: Int
    let mediaType: [UInt8]
    let cacheControl: [UInt8]?

    /// Appends status line and fields for a response that has the representation's metadata; the
    /// Date comes first, at a fixed place.
    ///
    /// - Parameters:
    ///   - status: 200, 206, 304, or the status that a fallback page is sent with.
    ///   - output: where it is appended.
    ///   - date: the text of the Date field.
    ///   - range: the part that is sent with 206.
    func appendHead(
        _ status: StatusCode, to output: inout Bytes, date: borrowing Bytes,
        range: Range<Int>? = nil
    ) {
        output.appendStatusLine(status)
        output.appendField("Date", date.span)
        output.appendField("Server", serverName)
        if status != .notModified {
            output.appendField("Content-Type", mediaType.span)
            output.appendField("Content-Length", range?.count ?? byteCount)
        }
        if let range {
            output.append("Content-Range: bytes ")
            output.append(decimal: range.lowerBound)
            output.append(0x2D)
            output.append(decimal: range.upperBound - 1)
            output.append(0x2F)
            output.append(decimal: byteCount)
            output.append("\r\n")
        }
        if status != .notFound {
            output.appendField("Last-Modified", validators.lastModified)
            output.appendField("ETag", validators.entityTag)
            if status != .notModified { output.appendField("Accept-Ranges", "bytes") }
        }
        if let cacheControl, status != .notFound {
            output.appendField("Cache-Control", cacheControl.span)
        }
    }
}

/// The value of the Server field.
let serverName: StaticString = "httpd-swift"

/// The version of daemon and tool.
public let version = ControlInterface.version
