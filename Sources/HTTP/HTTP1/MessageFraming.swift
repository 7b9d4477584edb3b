extension RequestHead {
    /// How long the content is (RFC 9112 §6.3), decided in this one place.
    ///
    /// Everything that two readers could read in two ways is refused.
    @inline(__always)
    mutating func resolveFraming(_ bytes: Span<UInt8>) throws(RequestError) {
        let present = presentFields
        guard
            Self.isSet(.transferEncoding, in: present) || Self.isSet(.contentLength, in: present)
        else { return }
        try resolveContentFraming(bytes, present)
    }

    private mutating func resolveContentFraming(
        _ bytes: Span<UInt8>, _ present: UInt32
    ) throws(RequestError) {
        if Self.isSet(.transferEncoding, in: present) {
            try checkTransferEncoding(bytes)
            framing = .chunked
        } else {
            guard !isRepeated(.contentLength),
                let value = value(.contentLength, in: bytes), let length = value.decimalValue
            else {
                throw .malformed("Content-Length is not one decimal number.")
            }
            framing = .length(length)
        }
        // Content in a GET or HEAD has no meaning and is a known way to smuggle requests; it may be
        // refused (RFC 9110 §9.3.1, §9.3.2).
        if (method == .get || method == .head) && framing != .none && framing != .length(0) {
            throw .malformed("A GET or HEAD request has no content.")
        }
    }

    private func checkTransferEncoding(_ bytes: Span<UInt8>) throws(RequestError) {
        guard minorVersion >= 1 else {
            throw .malformed("HTTP/1.0 has no Transfer-Encoding.")  // §6.1
        }
        guard !has(.contentLength) else {
            throw .malformed("There are both Transfer-Encoding and Content-Length.")
        }
        guard !isRepeated(.transferEncoding), let value = value(.transferEncoding, in: bytes)
        else {
            throw .malformed("There is more than one Transfer-Encoding.")
        }
        guard value.equalsIgnoringCase("chunked") else {
            var list = ListReader(value)
            var isLastChunked = false
            var count = 0
            while let coding = list.next() {
                guard !isLastChunked else {
                    throw .malformed("chunked is not the last transfer coding, or not the only.")
                }
                isLastChunked = coding.equalsIgnoringCase("chunked")
                count += 1
            }
            if isLastChunked && count == 1 { throw .malformed("Transfer-Encoding is malformed.") }
            throw RequestError(.notImplemented, "Of transfer codings, only chunked is known.")
        }
    }
}

/// The elements of a comma-separated list (RFC 9110 §5.6.1), empty ones left out.
///
/// A comma within a quoted string does not separate.
public struct ListReader: ~Copyable, ~Escapable {
    private let bytes: Span<UInt8>
    private var offset = 0

    /// Reads a field value.
    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    /// The next element without white space around it, or nil at the end.
    @_lifetime(copy self)
    public mutating func next() -> Span<UInt8>? {
        while offset < bytes.count {
            let start = offset
            var isQuoted = false
            while offset < bytes.count, isQuoted || bytes[offset] != 0x2C {
                if bytes[offset] == 0x22 {
                    isQuoted.toggle()
                } else if isQuoted, bytes[offset] == 0x5C {
                    offset &+= 1
                }
                offset &+= 1
            }
            offset = min(offset, bytes.count)
            let element = bytes.extracting(start..<offset).trimmed()
            offset &+= 1
            if element.count > 0 { return element }
        }
        return nil
    }
}
