public import BasicContainers

extension UniqueArray<UInt8> {
    /// Appends a path with everything percent-encoded that may not stand in one (RFC 3986 §3.3).
    public mutating func appendPercentEncoded(_ path: Span<UInt8>) {
        for index in 0..<path.count {
            let byte = path[index]
            if byte.isPathCharacter {
                append(byte)
            } else {
                append(0x25)
                for digit in [byte >> 4, byte & 15] { append(digit &+ (digit < 10 ? 0x30 : 0x37)) }
            }
        }
    }
}

extension UInt8 {
    /// pchar or slash, but not `%` (RFC 3986 §3.3).
    fileprivate var isPathCharacter: Bool {
        self == 0x2F || self == 0x3A || self == 0x40
            || (isRegisteredNameCharacter && self != 0x25)
    }
}
