internal import BasicContainers
internal import Content
internal import Control
internal import HTTP

/// What responses say of a representation (RFC 9110 §8): everything but its bytes.
struct Representation: Sendable {
    /// What of it is sent.
    enum Extent {
        case whole
        case part(Range<Int>)
        case parts(MultipartByteRanges)
    }

    let validators: Validators
    let byteCount: Int
    let mediaType: [UInt8]
    let coding: ContentCoding
    /// The same resource has it in other codings too.
    let isNegotiated: Bool
    let rule: Rule

    /// Appends status line and fields for a response that has the representation's metadata; the
    /// Date comes first, at a fixed place.
    ///
    /// - Parameters:
    ///   - status: 200, 206, 304, or the status that a page is sent with as an error's content.
    ///   - output: where it is appended.
    ///   - date: the text of the Date field.
    ///   - extent: what is sent with 206.
    func appendHead(
        _ status: StatusCode, to output: inout Bytes, date: borrowing Bytes,
        extent: Extent = .whole
    ) {
        let isError = status.rawValue >= 400
        output.appendStatusLine(status)
        output.appendField("Date", date.span)
        if rule.site.sendsServerField { output.appendField("Server", serverName) }
        if status != .notModified {
            appendContentFields(extent, to: &output)
            if coding != .identity { output.appendField("Content-Encoding", coding.token) }
        }
        if isNegotiated { output.appendField("Vary", "Accept-Encoding") }
        if !isError {
            if let lastModified = validators.lastModified {
                output.appendField("Last-Modified", lastModified)
            }
            output.appendField("ETag", validators.entityTag)
            if status != .notModified { output.appendField("Accept-Ranges", "bytes") }
            if let cacheControl = rule.cacheControl {
                output.appendField("Cache-Control", cacheControl.span)
            }
        }
        let fieldLines = rule.fieldLines
        output.append(copying: fieldLines.span)
    }

    private func appendContentFields(_ extent: Extent, to output: inout Bytes) {
        switch extent {
        case .whole:
            output.appendField("Content-Type", mediaType.span)
            output.appendField("Content-Length", byteCount)
        case .part(let range):
            output.appendField("Content-Type", mediaType.span)
            output.appendField("Content-Length", range.count)
            output.appendContentRange(range, of: byteCount)
        case .parts(let parts):
            parts.appendContentType(to: &output)
            output.appendField("Content-Length", parts.byteCount)
        }
    }
}

/// Where the bytes of a representation are.
enum RepresentationSource {
    /// In an entry of the worker's cache.
    case cached(Int)
    /// In an open file.
    case file(OpenFile)
    /// In memory, compressed on the fly.
    case memory(CodedContent)
}

/// Bytes in memory that many may send; never changed.
final class CodedContent: Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}

/// The value of the Server field.
let serverName: StaticString = "httpd-swift"

/// The version of daemon and tool.
public let version = ControlInterface.version
