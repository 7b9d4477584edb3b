public import BasicContainers

// Response heads (RFC 9112 §4, §5), written field by field into a buffer that the caller owns. What
// is written is fixed text, numbers, dates, and values that were checked when they were made.
extension UniqueArray<UInt8> {
    /// Appends `HTTP/1.1 200 OK` and the end of the line.
    public mutating func appendStatusLine(_ status: StatusCode) {
        let reason = status.reasonPhrase.bytes
        append(addingCount: reason.count + 12 + OutputSpan<UInt8>.decimalByteCount) { output in
            output.append("HTTP/1.1 ")
            output.append(decimal: Int(status.rawValue))
            output.append(0x20)
            output.append(reason)
            output.append("\r\n")
        }
    }

    /// Appends a field line with fixed text.
    public mutating func appendField(_ name: StaticString, _ value: StaticString) {
        appendField(name, value.bytes)
    }

    /// Appends a field line; `value` has no control characters.
    public mutating func appendField(_ name: StaticString, _ value: Span<UInt8>) {
        appendField(name, byteLimit: value.count) { $0.append(value) }
    }

    /// Appends a field line; `value` has no control characters.
    public mutating func appendField(
        _ name: StaticString, _ value: borrowing UniqueArray<UInt8>
    ) {
        appendField(name, value.span)
    }

    /// Appends a field line with a number.
    public mutating func appendField(_ name: StaticString, _ value: Int) {
        appendField(name, byteLimit: OutputSpan<UInt8>.decimalByteCount) {
            $0.append(decimal: value)
        }
    }

    /// Appends a field line with a date.
    public mutating func appendField(_ name: StaticString, _ value: HTTPDate) {
        appendField(name, byteLimit: HTTPDate.byteCount) { value.write(to: &$0) }
    }

    /// Appends a field line with an entity tag.
    public mutating func appendField(_ name: StaticString, _ value: EntityTag) {
        appendField(name, byteLimit: EntityTag.byteLimit) { value.write(to: &$0) }
    }

    /// Appends a field line whose value, of at most so many bytes, is written by `body`.
    @inline(__always)
    private mutating func appendField(
        _ name: StaticString, byteLimit: Int, _ body: (inout OutputSpan<UInt8>) -> Void
    ) {
        let name = name.bytes
        append(addingCount: name.count + byteLimit + 4) { output in
            output.append(name)
            output.append(": ")
            body(&output)
            output.append("\r\n")
        }
    }

    /// Appends the Content-Range of a part (RFC 9110 §14.4).
    ///
    /// - Parameters:
    ///   - range: the part; not empty.
    ///   - completeByteCount: the length of the whole.
    public mutating func appendContentRange(_ range: Range<Int>, of completeByteCount: Int) {
        append("Content-Range: bytes ")
        append(decimal: range.lowerBound)
        append(0x2D)
        append(decimal: range.upperBound - 1)
        append(0x2F)
        append(decimal: completeByteCount)
        append("\r\n")
    }

    /// Appends Connection where the default of the request's version does not say it (RFC 9112
    /// §9.3).
    public mutating func appendConnection(persistent: Bool, minorVersion: UInt8) {
        if !persistent {
            appendField("Connection", "close")
        } else if minorVersion == 0 {
            appendField("Connection", "keep-alive")
        }
    }

    /// Appends the line in front of a chunk of `byteCount` bytes, at least one (RFC 9112 §7.1).
    public mutating func appendChunkSize(_ byteCount: Int) {
        append(hexadecimal: UInt64(byteCount))
        append("\r\n")
    }

    /// Appends the empty line behind the fields.
    public mutating func appendEndOfFields() {
        append("\r\n")
    }
}
