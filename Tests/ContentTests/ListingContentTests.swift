import Content
import HTTP
import TestSupport
import Testing

@Suite("Directory listings: how they are written")
struct ListingContentTests {
    private let site: ListedSite

    init() throws {
        site = try ListedSite()
    }

    private func content(
        _ form: ListingContent.Form, _ target: String = "/list/", _ query: String = "",
        _ capabilities: ListingCapabilities = ListingCapabilities()
    ) throws -> ListingContent {
        ListingContent(
            SharedListing(try site.listing(target, query)), form: form, capabilities: capabilities,
            siteName: "<site>")
    }

    /// The names that are hardest to write: as bytes, in HTML, in JSON, as a reference.
    static let hardNames: [([UInt8], html: String, json: String, reference: String)] = [
        (Array("a b".utf8), "a b", "a b", "a%20b"),
        (Array("<b>&\"'".utf8), "&lt;b&gt;&amp;&quot;&#39;", "<b>&\\\"'", "%3Cb%3E%26%22%27"),
        (
            Array("javascript:alert(1)".utf8), "javascript:alert(1)", "javascript:alert(1)",
            "./javascript:alert(1)"
        ),
        (Array("a:b".utf8), "a:b", "a:b", "./a:b"),
        (Array("50%.txt".utf8), "50%.txt", "50%.txt", "50%25.txt"),
        (Array("a?b#c\\d".utf8), "a?b#c\\d", "a?b#c\\\\d", "a%3Fb%23c%5Cd"),
        (Array("é".utf8), "é", "é", "%C3%A9"),
        (Array("😀".utf8), "😀", "😀", "%F0%9F%98%80"),
        (
            Array("a\u{202E}gpj.exe".utf8), "a\u{FFFD}gpj.exe", "a\u{202E}gpj.exe",
            "a%E2%80%AEgpj.exe"
        ),
        ([0x61, 0x0A, 0x62], "a\u{240A}b", "a\\u000ab", "a%0Ab"),
        ([0x1B, 0x5B, 0x6D, 0x7F], "\u{241B}[m\u{2421}", "\\u001b[m\\u007f", "%1B%5Bm%7F"),
        ([0xC2, 0x85], "\u{FFFD}", "\u{85}", "%C2%85"),
        ([0x61, 0xFF, 0x62], "a\u{FFFD}b", "a\u{FFFD}b", "a%FFb"),
        ([0xE2, 0x82], "\u{FFFD}", "\u{FFFD}", "%E2%82"),
        ([0xC0, 0xAF], "\u{FFFD}\u{FFFD}", "\u{FFFD}\u{FFFD}", "%C0%AF"),
        ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}", "\u{FFFD}\u{FFFD}\u{FFFD}", "%ED%A0%80"),
        (
            [0xF4, 0x90, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}",
            "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}", "%F4%90%80%80"
        ),
        (Array("~-_.!$()*+,;=@".utf8), "~-_.!$()*+,;=@", "~-_.!$()*+,;=@", "~-_.!$()*+,;=@"),
    ]

    @Test("names of any bytes are escaped right", arguments: hardNames)
    func names(name: [UInt8], html: String, json: String, reference: String) throws {
        try site.write(name)
        let page = text(try content(.html))
        #expect(page.contains("<a href=\"\(reference)\"><bdi>\(html)</bdi></a>"))
        let object = text(try content(.json))
        #expect(
            object.contains("{\"name\":\"\(json)\",\"href\":\"\(reference)\",\"type\":\"file\""))
    }

    @Test("every byte that a name may have is in its reference, and only there")
    func everyByte() throws {
        let bytes = (1...255).map { UInt8($0) }.filter { $0 != 0x2F }
        let halves = [Array(bytes.prefix(120)), Array(bytes.dropFirst(120))]
        for half in halves { try site.write(half) }
        let references = try site.references()
        for reference in references {
            let path = try resolve("/list/\(reference)")
            let name = Array(path.name.dropLast())
            #expect(halves.contains(name))
        }
        #expect(references.count == 2)
    }

    @Test(
        "sizes for people",
        arguments: [
            (0, "<data value=\"0\">0 B</data>"), (1023, "<data value=\"1023\">1023 B</data>"),
            (1024, "<data value=\"1024\" title=\"1,024 bytes\">1 KiB</data>"),
            (1536, "<data value=\"1536\" title=\"1,536 bytes\">1.5 KiB</data>"),
            (10_189, "<data value=\"10189\" title=\"10,189 bytes\">10 KiB</data>"),
            (1_048_063, "<data value=\"1048063\" title=\"1,048,063 bytes\">1023 KiB</data>"),
            (1_048_064, "<data value=\"1048064\" title=\"1,048,064 bytes\">1 MiB</data>"),
            (
                5_497_558_138_881,
                "<data value=\"5497558138881\" title=\"5,497,558,138,881 bytes\">5 TiB</data>"
            ),
        ])
    func sizes(size: Int, expected: String) throws {
        try site.write(Array("a".utf8))
        try site.truncate("a", to: size)
        #expect(text(try content(.html)).contains(expected))
    }

    @Test("times are whole seconds of UTC, rounded down")
    func times() throws {
        try site.write(Array("a".utf8))
        try site.files.setModified("root/list/a", 1_764_000_000.75)
        let page = text(try content(.html))
        #expect(page.contains("<time datetime=\"2025-11-24T16:00:00Z\">2025-11-24 16:00</time>"))
        try site.files.setModified("root/list/a", -1)
        #expect(text(try content(.json)).contains("\"modified\":\"1969-12-31T23:59:59Z\""))
    }

    @Test("the whole of a JSON listing")
    func json() throws {
        try site.files.write("root/list/sub/a", "123")
        for name in ["", "/sub", "/sub/a"] {
            try site.files.setModified("root/list\(name)", 1_764_000_000)
        }
        var capabilities = ListingCapabilities()
        capabilities.upload = true
        capabilities.maximumSize = 1024
        #expect(
            text(try content(.json, "/list/sub/", "", capabilities)) == """
                {"path":"/list/sub/","parent":"/list/","entries":[
                {"name":"a","href":"a","type":"file","size":3,"modified":"2025-11-24T16:00:00Z"}
                ],"capabilities":{"upload":true,"overwrite":false,"create_directories":false,\
                "max_size":1024,"delete":false}}

                """)
        #expect(
            text(try content(.json, "/")) == """
                {"path":"/","parent":null,"entries":[
                {"name":"list","href":"list/","type":"directory","size":null,\
                "modified":"2025-11-24T16:00:00Z"}
                ],"capabilities":{"upload":false,"overwrite":false,"create_directories":false,\
                "max_size":null,"delete":false}}

                """)
    }

    @Test("a page has its path as links, the order that it has, and what may be done")
    func page() throws {
        try site.files.write("root/list/a b/c", "")
        let page = text(try content(.html, "/list/a%20b/", "sort=size&order=desc"))
        #expect(page.contains("<title>a b · &lt;site&gt;</title>"))
        #expect(page.contains("<li><a href=\"../../\"><bdi>&lt;site&gt;</bdi></a></li>"))
        #expect(page.contains("<li><a href=\"../\"><bdi>list</bdi></a></li>"))
        #expect(page.contains("aria-sort=\"descending\"><a href=\"?sort=size&amp;order=asc\">"))
        #expect(page.contains("<a href=\"?sort=time&amp;order=desc\">"))
        #expect(page.contains("1 file, 0 B"))
        #expect(!page.contains("data-tag") && !page.contains("<button type=\"button\" aria-label"))
        var capabilities = ListingCapabilities()
        capabilities.delete = true
        let other = text(try content(.html, "/list/a%20b/", "", capabilities))
        #expect(other.contains("<body data-delete>") && other.contains("data-tag=\""))
        #expect(text(try content(.html, "/")).contains("1 folder, 0 files"))
    }

    @Test(
        "pieces are bounded, and what follows the last is nothing",
        arguments: ListingContent.Form.allCases)
    func pieces(form: ListingContent.Form) throws {
        for number in 0..<3000 { try site.write(Array("a file of some length \(number)".utf8)) }
        let content = try content(form)
        var count = 0
        var all: [UInt8] = []
        while let piece = content.next() {
            #expect(!piece.isEmpty && piece.count <= ListingContent.pieceByteCount + 4096)
            all += piece
            count += 1
        }
        #expect(count > 3)
        #expect(content.next() == nil)
        let references = String(decoding: all, as: UTF8.self).split(separator: "\n").filter {
            $0.contains("href=\"a%20") || $0.contains("\"href\":\"a%20")
        }
        #expect(references.count == 3000)
    }
}

@Suite("RFC 9110 §8.8.3 entity tags of listings")
struct ListingTagTests {
    @Test("whatever is shown has a part in the tag, and nothing else")
    func tags() throws {
        let site = try ListedSite()
        try site.files.write("root/list/a", "1")
        try site.files.write("root/list/b", "")
        for name in ["a", "b"] { try site.files.setModified("root/list/\(name)", 1_500_000_000) }
        var capabilities = ListingCapabilities()
        func tag(
            _ query: String = "", form: ListingContent.Form = .html, siteName: String = "site"
        ) throws -> String {
            text(
                ListingContent(
                    SharedListing(try site.listing("/list/", query)), form: form,
                    capabilities: capabilities,
                    siteName: siteName
                ).entityTag)
        }
        let first = try tag()
        #expect(first.hasPrefix("\""), "it is strong")
        #expect(try tag() == first)
        #expect(try tag("sort=name&order=asc") == first)
        var seen = [first, try tag("order=desc"), try tag("sort=size"), try tag(form: .json)]
        seen.append(try tag(siteName: "other"))
        capabilities.upload = true
        seen.append(try tag())
        capabilities.maximumSize = 0
        seen.append(try tag())
        capabilities.delete = true
        seen.append(try tag())
        try site.files.write("root/list/a", "2")
        seen.append(try tag())
        try site.files.setModified("root/list/a", 1_500_000_000)
        #expect(try tag() == seen[7], "only the content, which is not shown, is another")
        try site.files.setModified("root/list/a", 1_500_000_001)
        seen.append(try tag())
        try site.files.write("root/list/.hidden", "")
        #expect(try tag() == seen[9])
        try site.files.write("root/list/c", "")
        seen.append(try tag())
        try site.files.remove("root/list/c")
        try site.files.makeDirectory("root/list/c")
        seen.append(try tag())
        #expect(Set(seen).count == seen.count)
    }
}
