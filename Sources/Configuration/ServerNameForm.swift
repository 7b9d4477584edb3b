/// The form of the names that a site answers to.
extension ValueForm where Value == String {
    /// A host name or address without port, `*`, or `*.` and a host name; becomes lower case.
    ///
    /// A name is compared with the host of a request byte by byte, so a form that no user agent
    /// sends is refused here, not silently never matched.
    static var serverName: Self {
        .init(
            expectation: "host names without port, *, *.example.org, or IPv6 addresses in brackets",
            parse: parseServerName, print: { $0 })
    }

    private static func parseServerName(_ text: String) throws(Rejection) -> String {
        let name = text.lowercased()
        if name == "*" { return name }
        if name.utf8.contains(UInt8(ascii: "/")) {
            throw Rejection(hint: "write the host only")
        }
        if name.utf8.first == UInt8(ascii: "[") { return try parseIPv6Literal(name) }
        if name.utf8.contains(UInt8(ascii: ":")) {
            if let address = IPv6Address(name) { throw Rejection(hint: "write [\(address)]") }
            throw Rejection(hint: "leave out the port: the listener decides it")
        }
        let isWildcard = name.hasPrefix("*.")
        let host = isWildcard ? name.dropFirst(2) : name[...]
        try checkHostName(host)
        if isWildcard, isNumeric(host.split(separator: ".").last ?? "") {
            throw Rejection(hint: "an address has nothing below it")
        }
        return name
    }

    private static func parseIPv6Literal(_ name: String) throws(Rejection) -> String {
        guard name.utf8.last == UInt8(ascii: "]") else {
            throw Rejection(hint: "leave out the port: the listener decides it")
        }
        guard let address = IPv6Address(name.dropFirst().dropLast()) else {
            throw Rejection(hint: "that is not an IPv6 address")
        }
        guard "[\(address)]" == name else {
            throw Rejection(hint: "write it as user agents send it: [\(address)]")
        }
        return name
    }

    /// RFC 1123 §2.1, with the underscore that practice added.
    private static func checkHostName(_ host: Substring) throws(Rejection) {
        guard host.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw Rejection(hint: "write its ASCII form, xn--…")
        }
        if host.utf8.last == UInt8(ascii: ".") {
            throw Rejection(hint: "leave out the dot at the end")
        }
        if host.utf8.contains(UInt8(ascii: "*")) {
            throw Rejection(hint: "a * stands alone or for all before the first dot")
        }
        if host.utf8.contains(UInt8(ascii: ",")) {
            throw Rejection(hint: "names are separated by spaces")
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard host.utf8.count <= Limits.hostNameByteLimit, labels.allSatisfy(isLabel) else {
            throw Rejection()
        }
        guard let last = labels.last, isNumeric(last) else { return }
        let octets = labels.compactMap { UInt8($0) }
        guard labels.count == 4, octets.map({ String($0) }) == labels.map({ String($0) }) else {
            throw Rejection(hint: "that is not an IPv4 address")
        }
    }

    private static func isLabel(_ label: Substring) -> Bool {
        let hyphen = UInt8(ascii: "-")
        let isLegal = label.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x61...0x7A, hyphen, UInt8(ascii: "_"): true
            default: false
            }
        }
        let isBounded = (1...Limits.hostLabelByteLimit).contains(label.utf8.count)
        return isLegal && isBounded && label.utf8.first != hyphen && label.utf8.last != hyphen
    }

    private static func isNumeric(_ label: Substring) -> Bool {
        label.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}

/// An IPv6 address in text (RFC 4291 §2.2, without its third form), printed as RFC 5952 wants it.
struct IPv6Address: Equatable, CustomStringConvertible {
    /// Eight pieces of 16 bits.
    let pieces: [UInt16]

    /// Understands an address; nil if it is none.
    init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        let colon = UInt8(ascii: ":")
        let gap = zip(bytes, bytes.dropFirst()).enumerated().first { $1 == (colon, colon) }?.offset
        let halves = gap.map { [bytes[..<$0], bytes[($0 + 2)...]] } ?? [bytes[...]]
        var sides: [[UInt16]] = []
        for half in halves {
            let parts = half.split(separator: colon, omittingEmptySubsequences: false)
            let isEmptySide = halves.count == 2 && half.isEmpty
            let pieces = isEmptySide ? [] : parts.map { Self.piece($0) }
            guard pieces.allSatisfy({ $0 != nil }) else { return nil }
            sides.append(pieces.compactMap { $0 })
        }
        let missing = 8 - sides.reduce(0) { $0 + $1.count }
        guard halves.count == 2 ? missing >= 1 : missing == 0 else { return nil }
        pieces = Array(sides.joined(separator: Array(repeating: 0, count: missing)))
    }

    private static func piece(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard digits.first != UInt8(ascii: "+"), digits.count <= 4 else { return nil }
        return UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    /// Lower case, no leading zeros, the first longest run of two or more zero pieces as `::`.
    var description: String {
        var best = 0..<0
        var start = 0
        while start < pieces.count {
            let end = pieces[start...].firstIndex { $0 != 0 } ?? pieces.count
            if end - start > max(best.count, 1) { best = start..<end }
            start = end + 1
        }
        let text = { (pieces: ArraySlice<UInt16>) in
            pieces.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !best.isEmpty else { return text(pieces[...]) }
        return text(pieces[..<best.lowerBound]) + "::" + text(pieces[best.upperBound...])
    }
}
