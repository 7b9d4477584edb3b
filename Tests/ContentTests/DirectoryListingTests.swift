import Content
import HTTP
import Linux
import TestSupport
import Testing

/// All pieces of a content.
func text(_ content: ListingContent) -> String {
    var bytes: [UInt8] = []
    while let piece = content.next() { bytes += piece }
    return String(decoding: bytes, as: UTF8.self)
}

func order(_ query: String) -> ListingOrder {
    let bytes = Array(query.utf8)
    return ListingOrder(query: bytes.span)
}

/// A site with a directory whose names may be any bytes.
struct ListedSite {
    let files: TemporaryDirectory
    let root: SiteRoot

    init() throws {
        files = try TemporaryDirectory()
        try files.makeDirectory("root/list")
        root = try SiteRoot(path: files.path("root"), indexNames: [])
    }

    /// Makes an empty file below the root.
    func write(_ name: [UInt8]) throws {
        let directory = try FileDescriptor.open(files.path("root/list"), [.read, .directory])
        let path = name + [0]
        _ = try directory.openBeneath(path.span, [.write, .create])
    }

    /// Gives a file a size.
    func truncate(_ name: String, to byteCount: Int) throws {
        try FileDescriptor.open(files.path("root/list/\(name)"), .write).truncate(to: byteCount)
    }

    func listing(_ target: String = "/list/", _ query: String = "") throws -> DirectoryListing {
        try DirectoryListing(reading: try resolve(target), below: root, order: order(query))
    }

    /// The references of the entries, in their order, as JSON has them.
    func references(_ target: String = "/list/", _ query: String = "") throws -> [String] {
        let content = ListingContent(
            SharedListing(try listing(target, query)), form: .json,
            capabilities: ListingCapabilities(),
            siteName: "site")
        return text(content).split(separator: "\n").compactMap { line in
            line.firstRange(of: "\"href\":\"").map { range in
                String(line.suffix(from: range.upperBound).prefix { $0 != "\"" })
            }
        }
    }
}

@Suite("Directory listings: what is shown, and in which order")
struct DirectoryListingTests {
    private let site: ListedSite

    init() throws {
        site = try ListedSite()
    }

    @Test("hidden names, and what is neither file nor directory, are left out")
    func hidden() throws {
        try site.files.write("root/list/a", "")
        try site.files.write("root/list/.hidden", "")
        try site.files.makeDirectory("root/list/.well-known")
        let address = try SocketAddress(unixPath: site.files.path("root/list/socket"))
        let socket = try FileDescriptor.listening(at: address)
        #expect(try site.references() == ["a"])
        #expect(try socket.localAddress().family == .unix, "it is open until here")
    }

    @Test("a symbolic link is shown as what it leads to, if that is below the root")
    func links() throws {
        try site.files.write("outside", "")
        try site.files.write("root/file", "12345")
        try site.files.makeDirectory("root/directory")
        try site.files.makeLink("root/list/file", to: "../file")
        try site.files.makeLink("root/list/directory", to: "../directory")
        try site.files.makeLink("root/list/twice", to: "file")
        try site.files.makeLink("root/list/out", to: "../../outside")
        try site.files.makeLink("root/list/absolute", to: site.files.path("root/file"))
        try site.files.makeLink("root/list/loop", to: "loop")
        try site.files.makeLink("root/list/broken", to: "nothing")
        #expect(try site.references() == ["directory/", "file", "twice"])
        let listing = try site.listing()
        #expect(listing.entryCount == 3)
        #expect(listing.directoryCount == 1)
        #expect(listing.byteCount == 10)
        try site.files.makeLink("root/also", to: "list")
        #expect(try site.references("/also/").count == 3)
    }

    @Test(
        "what cannot be listed says why",
        arguments: [
            ("/missing/", .notFound), ("/file", .notDirectory), ("/out/", .crossesDevice),
        ] as [(String, Errno)])
    func failures(target: String, expected: Errno) throws {
        try site.files.write("root/file", "")
        try site.files.makeLink("root/out", to: "..")
        #expect(throws: expected) { try site.listing(target) }
    }

    @Test(
        "names are sorted as people count, directories first",
        arguments: [
            (["b", "a", "C"], ["a", "b", "C"]),
            (["file10", "file2", "file1"], ["file1", "file2", "file10"]),
            (["x010", "x9", "x10", "x0010"], ["x9", "x0010", "x010", "x10"]),
            (["0", "00", "1", "01"], ["0", "00", "01", "1"]),
            (["A", "a", "B"], ["A", "a", "B"]),
            (["a", "a b", "a.b", "ab", "a1"], ["a", "a%20b", "a.b", "a1", "ab"]),
            (["v1.10.0", "v1.9.2", "v1.9.10"], ["v1.9.2", "v1.9.10", "v1.10.0"]),
            (
                ["99999999999999999999999", "1000000000000000000000000", "2"],
                ["2", "99999999999999999999999", "1000000000000000000000000"]
            ),
            (["zz", "~", "é", "_"], ["_", "zz", "~", "%C3%A9"]),
            (
                ["abcdefgh", "abcdefg", "abcdefghi", "abcdefgh1"],
                ["abcdefg", "abcdefgh", "abcdefgh1", "abcdefghi"]
            ),
        ])
    func names(names: [String], expected: [String]) throws {
        for name in names { try site.write(Array(name.utf8)) }
        try site.files.makeDirectory("root/list/m")
        #expect(try site.references() == ["m/"] + expected)
        #expect(try site.references("/list/", "order=desc") == ["m/"] + expected.reversed())
    }

    @Test("the order of many names is that of a plain comparison of their parts")
    func manyNames() throws {
        var generator = SeededGenerator(seed: 7)
        let pieces = [
            "a", "B", "1", "01", "10", "2", "long common text ", "-", "Z", "é", "99999999",
        ]
        var names: Set<String> = []
        while names.count < 600 {
            let count = Int.random(in: 1...9, using: &generator)
            names.insert(
                (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] }
                    .joined())
        }
        for name in names { try site.write(Array(name.utf8)) }
        let expected = names.sorted { first, second in
            let (firstParts, secondParts) = (parts(of: first), parts(of: second))
            if firstParts == secondParts {
                return first.utf8.lexicographicallyPrecedes(second.utf8)
            }
            return firstParts.lexicographicallyPrecedes(secondParts)
        }
        let content = ListingContent(
            SharedListing(try site.listing()), form: .json, capabilities: ListingCapabilities(),
            siteName: "")
        let found = text(content).split(separator: "\n").compactMap { line in
            line.firstRange(of: "\"name\":\"").map { range in
                String(line.suffix(from: range.upperBound).prefix { $0 != "\"" })
            }
        }
        #expect(found == expected)
    }

    /// A byte each, or of a number 0x30 and its value.
    private func parts(of name: String) -> [Int] {
        var parts: [Int] = []
        var number: Int?
        for byte in Array(name.utf8) + [0] {
            if byte >= 0x30 && byte <= 0x39 {
                number = min((number ?? 0) * 10 + Int(byte - 0x30), 1 << 58)
            } else {
                if let number { parts += [0x30, number] }
                number = nil
                if byte > 0 { parts.append(Int(byte | (byte &- 0x41 < 26 ? 0x20 : 0))) }
            }
        }
        return parts
    }

    @Test(
        "queries for an order; what is unknown is the default",
        arguments: [
            ("", "name asc"), ("sort=size", "size asc"), ("sort=time&order=desc", "time desc"),
            ("order=desc&sort=name", "name desc"), ("sort=type", "name asc"),
            ("sort=size&sort=time", "time asc"), ("a=b&&sort=size&x", "size asc"),
            ("SORT=size", "name asc"), ("order=up", "name asc"),
            ("sort=size&order=asc", "size asc"),
        ])
    func queries(query: String, expected: String) {
        let order = order(query)
        #expect("\(order.key) \(order.isDescending ? "desc" : "asc")" == expected)
    }

    @Test(
        "sizes and times, equal ones by name; directories first",
        arguments: [
            ("sort=size&order=asc", ["m/", "n/", "b", "a", "c", "d"]),
            ("sort=size&order=desc", ["m/", "n/", "d", "a", "c", "b"]),
            ("sort=time&order=asc", ["n/", "m/", "d", "b", "a", "c"]),
            ("sort=time&order=desc", ["m/", "n/", "a", "c", "b", "d"]),
        ])
    func values(query: String, expected: [String]) throws {
        let entries = [
            ("a", 5, 1_500_000_003.5), ("b", 0, 1_500_000_002), ("c", 5, 1_500_000_003.5),
        ]
        for (name, size, modified) in entries + [("d", 600_000, -5)] {
            try site.files.write("root/list/\(name)", String(repeating: "x", count: size))
            try site.files.setModified("root/list/\(name)", modified)
        }
        for (name, modified) in [("m", 2.0), ("n", 1.0)] {
            try site.files.makeDirectory("root/list/\(name)")
            try site.files.setModified("root/list/\(name)", modified)
        }
        #expect(try site.references("/list/", query) == expected)
    }
}
