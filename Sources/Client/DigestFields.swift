internal import Digests

/// The digests that a response announces in Repr-Digest or Content-Digest (RFC 9530).
enum DigestFields {
    /// The secure digests of a field, as the Base64 that stands there, without its padding.
    ///
    /// - Parameter values: the values of all its field lines: one Dictionary whose members are Byte
    ///   Sequences (RFC 8941 §3.2).
    /// - Returns: empty where they are not that: such a field is ignored (RFC 8941 §4.2).
    static func parse(_ values: [String]) -> [DigestAlgorithm: String] {
        var digests: [DigestAlgorithm: String] = [:]
        for member in values.joined(separator: ",").split(
            separator: ",", omittingEmptySubsequences: false)
        {
            let text = trimmed(member)
            guard let equals = text.firstIndex(of: "="), isKey(text[..<equals]) else { return [:] }
            var rest = text[text.index(after: equals)...]
            guard rest.popFirst() == ":", let end = rest.firstIndex(of: ":") else { return [:] }
            let digits = rest[..<end]
            // Parameters mean nothing here.
            let parameters = rest[rest.index(after: end)...]
            guard parameters.isEmpty || parameters.hasPrefix(";"),
                digits.utf8.allSatisfy(isBase64Byte)
            else { return [:] }
            guard let algorithm = DigestAlgorithm(rawValue: String(text[..<equals])) else {
                continue
            }
            // The last one of a key counts (RFC 8941 §4.2.2).
            digests[algorithm] = String(digits.prefix { $0 != "=" })
        }
        return digests
    }

    /// Base64 without padding (RFC 4648 §4).
    static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for index in 0...group.count { text.append(digits[value >> (18 - 6 * index) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        guard let last = text.lastIndex(where: { !isSpace($0) }) else { return "" }
        return text[...last].drop(while: isSpace)
    }

    private static func isKey(_ text: Substring) -> Bool {
        let isFirst = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "*")
        }
        guard let first = text.utf8.first, isFirst(first) else { return false }
        return text.utf8.allSatisfy { byte in
            isFirst(byte) || (0x30...0x39).contains(byte) || "_-.".utf8.contains(byte)
        }
    }

    private static func isBase64Byte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (0x30...0x39).contains(byte) || "+/=".utf8.contains(byte)
    }
}

/// Content that comes, checked against the digests that were announced with it.
struct ContentVerification {
    private struct Expectation {
        let field: String
        let base64: String
        let digester: Digester
    }

    private var expectations: [Expectation] = []

    /// The digests of a head, for content that is all of the representation.
    init(whole head: ResponseHead) {
        expect("Content-Digest", of: head)
        expect("Repr-Digest", of: head)
    }

    /// The digests of a head, for content that is a part; those of the representation are for
    /// `check(representation:against:)`.
    init(part head: ResponseHead) {
        expect("Content-Digest", of: head)
    }

    /// The names of the algorithms by which something is checked.
    var algorithms: [String] {
        Set(expectations.map(\.digester.algorithm.rawValue)).sorted()
    }

    private mutating func expect(_ field: String, of head: ResponseHead) {
        for (algorithm, base64) in DigestFields.parse(head.values(of: field)) {
            expectations.append(
                Expectation(field: field, base64: base64, digester: Digester(algorithm)))
        }
    }

    /// Adds content.
    func update(_ piece: Span<UInt8>) {
        for expectation in expectations { expectation.digester.update(piece) }
    }

    /// Checks the digests at the end of the content.
    ///
    /// - Throws: `notVerified`.
    func finish() throws(ClientError) {
        for expectation in expectations {
            try Self.check(
                expectation.digester.digest(), expectation.digester.algorithm,
                expectation.field, expectation.base64)
        }
    }

    /// Checks a representation, of which only a part came now, against the Repr-Digest of a head.
    ///
    /// - Parameters:
    ///   - digest: gives its digest.
    ///   - head: the head.
    /// - Returns: the names of the algorithms.
    /// - Throws: `notVerified`, and what `digest` throws.
    static func check(
        representation digest: (DigestAlgorithm) throws(ClientError) -> [UInt8],
        against head: ResponseHead
    ) throws(ClientError) -> [String] {
        let digests = DigestFields.parse(head.values(of: "Repr-Digest"))
        for (algorithm, base64) in digests {
            try check(digest(algorithm), algorithm, "Repr-Digest", base64)
        }
        return digests.keys.map(\.rawValue).sorted()
    }

    private static func check(
        _ digest: [UInt8], _ algorithm: DigestAlgorithm, _ field: String, _ base64: String
    ) throws(ClientError) {
        let actual = DigestFields.base64(digest)
        guard actual != base64 else { return }
        throw .notVerified(
            "the content is not what the server announced: \(field) is "
                + "\(algorithm.rawValue)=:\(base64):, but it has \(actual)")
    }
}
