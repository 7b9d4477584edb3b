import HTTP
import TestSupport
import Testing

/// What a request with these Accept-Encoding lines gets of what there is; nil is 406.
private func preferred(
    _ lines: [String], among available: ContentCodingSet = [.br, .gzip, .zstd],
    order: [ContentCoding] = [.br, .zstd, .gzip]
) throws -> ContentCoding? {
    let fields = lines.map { "Accept-Encoding: \($0)\r\n" }.joined()
    return try withHead("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n") { head, bytes in
        head.acceptedCodings(in: bytes)
            .preferred(among: available, order: ContentCodingOrder(order))
    }
}

@Suite("RFC 9110 §12.5.3 Accept-Encoding")
struct AcceptedCodingsTests {
    @Test("a request without one gets the identity")
    func absent() throws {
        #expect(try preferred([]) == .identity)
    }

    @Test(
        "of all codings, in the order br, zstd, gzip",
        arguments: [
            ("", .identity), ("gzip", .gzip), ("br", .br), ("zstd", .zstd), ("GZip", .gzip),
            ("gzip, deflate, br, zstd", .br), ("gzip,deflate,zstd", .zstd), ("deflate", .identity),
            ("compress, gzip", .gzip), ("x-gzip", .gzip), ("X-GZIP;q=0.5", .gzip),
            // The examples of §12.5.3.
            ("compress;q=0.5, gzip;q=1.0", .gzip), ("gzip;q=1.0, identity; q=0.5, *;q=0", .gzip),
            ("*", .br),
            // The highest weight; of equal ones the first in the order; identity last.
            ("gzip, br;q=0.9", .gzip), ("gzip;q=0.1, br;q=0.101", .br), ("gzip;q=0.001", .gzip),
            ("br;q=0.5, zstd;q=0.5, gzip;q=0.4", .br), ("identity, gzip", .gzip),
            ("identity, gzip;q=0.999", .identity), ("identity;q=0.5", .identity),
            ("gzip;q=0.5, identity;q=0.6", .identity), ("gzip;q=0.5, identity;q=0.4", .gzip),
            // Zero refuses.
            ("gzip;q=0", .identity), ("br;q=0.000, gzip", .gzip), ("*;q=0, gzip", .gzip),
            ("*;q=0, identity", .identity), ("*;q=0, identity;q=0.1", .identity),
            ("identity;q=0", nil), ("*;q=0", nil), ("identity;q=0, gzip;q=0", nil),
            ("identity;q=0, deflate", nil), ("identity;q=0, zstd", .zstd),
            ("identity;q=0, *;q=0.1", .br),
            // `*` is for those that are not named, identity too.
            ("*;q=0.5, gzip", .gzip), ("*;q=0.5, br;q=0", .zstd), ("*, br;q=0.5", .zstd),
            ("gzip;q=0.5, *;q=0.6", .br), ("gzip;q=0, br;q=0, zstd;q=0, *", .identity),
            ("br;q=0.1, zstd;q=0.1, gzip;q=0.1, *;q=0.2", .identity),
            // What is there twice counts as it is first.
            ("gzip;q=0, gzip, br;q=0.1", .br), ("gzip, x-gzip;q=0", .gzip), ("*;q=0, *", nil),
            // What is malformed is ignored.
            ("gzip;q=2", .identity), ("gzip;q=1.001", .identity), ("gzip;q=", .identity),
            ("gzip;q=a", .identity), ("gzip;q=0.5x", .identity), ("gzip;q=-1", .identity),
            ("gzip;q=.5", .identity), ("gzip;q=00.5", .identity), ("gzip;", .identity),
            ("gzip;level=9", .identity), ("gzip;q=0.5;a", .identity), ("gz ip", .identity),
            ("gzip;q =1", .identity), ("gzip q=1", .identity), ("\"gzip\"", .identity),
            ("br;q=x, gzip;q=0.1", .gzip), ("identity;q=x", .identity), ("*;q=x, gzip", .gzip),
            (", ,gzip ; q=0.5 ,", .gzip), ("gzip;\tQ=0.5", .gzip), ("gzip;q=1.", .gzip),
            ("gzip;q=1.000, br;q=0.", .gzip), ("gzip;q=0.5555, br;q=0.555", .br),
        ] as [(String, ContentCoding?)])
    func all(value: String, expected: ContentCoding?) throws {
        #expect(try preferred([value]) == expected)
    }

    @Test(
        "of what there is",
        arguments: [
            ("br, gzip", [.gzip], .gzip), ("br", [.gzip], .identity), ("br", [], .identity),
            ("br;q=0.1, gzip", [.br], .br), ("identity;q=0, br", [.gzip], nil),
            ("*", [.zstd], .zstd), ("identity;q=0", [.br, .gzip, .zstd], nil),
            ("*", [], .identity), ("zstd, gzip", [.gzip, .zstd, .identity], .zstd),
        ] as [(String, ContentCodingSet, ContentCoding?)])
    func some(value: String, available: ContentCodingSet, expected: ContentCoding?) throws {
        #expect(try preferred([value], among: available) == expected)
    }

    @Test("in our order, and nothing that is not in it")
    func order() throws {
        #expect(try preferred(["br, gzip"], order: [.gzip, .br]) == .gzip)
        #expect(try preferred(["br, gzip, zstd"], order: [.zstd]) == .zstd)
        #expect(try preferred(["br, gzip"], order: [.zstd]) == .identity)
        #expect(try preferred(["br, gzip"], order: []) == .identity)
        #expect(try preferred(["br, identity;q=0"], order: []) == nil)
    }

    @Test("all field lines are one list (§5.3)")
    func lines() throws {
        #expect(try preferred(["gzip;q=0.5", "br;q=0.1"]) == .gzip)
        #expect(try preferred(["", "br"]) == .br)
        #expect(try preferred(["*;q=0", "gzip"]) == .gzip)
        #expect(try preferred(["gzip;q=0", "gzip, identity;q=0"]) == nil)
    }

    @Test("any bytes are read without harm")
    func anyBytes() throws {
        var random = SeededGenerator(seed: 1)
        let pieces = [
            "gzip", "br", "zstd", "identity", "*", ";", "q=", "0", "1", ".", ",", " ", "\"",
        ]
        for _ in 0..<2000 {
            let count = Int.random(in: 0...12, using: &random)
            let value = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            _ = try preferred([value])
        }
    }
}

@Suite("Content codings in order of preference")
struct ContentCodingOrderTests {
    @Test("each once, without identity")
    func packed() {
        let orders: [[ContentCoding]] = [
            [], [.br], [.gzip], [.zstd], [.br, .gzip], [.zstd, .br, .gzip], [.gzip, .zstd, .br],
        ]
        for codings in orders {
            let order = ContentCodingOrder(codings)
            #expect((0..<order.count).map { order[$0] } == codings)
            #expect(order[order.count] == .identity)
            #expect(order.codings == ContentCodingSet(codings.map { ContentCodingSet($0) }))
        }
        #expect(
            ContentCodingOrder([.identity, .gzip, .gzip, .br, .identity, .gzip])
                == ContentCodingOrder([.gzip, .br]))
    }

    @Test("sets")
    func sets() {
        for coding in ContentCoding.allCases {
            for other in ContentCoding.allCases {
                #expect(ContentCodingSet(coding).contains(other) == (coding == other))
            }
        }
        let set: ContentCodingSet = [.br, .zstd]
        #expect(set.contains(ContentCoding.zstd) && !set.contains(ContentCoding.gzip))
    }
}
