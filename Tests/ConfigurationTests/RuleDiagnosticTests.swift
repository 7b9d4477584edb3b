import Testing

@testable import Configuration

@Suite("Errors in what is answered name their place and what to do")
struct RuleDiagnosticTests {
    typealias Refusal = DiagnosticTests.Refusal

    private static let codings = "yes, no, or some of br, zstd and gzip, the preferred first"
    private static let page = "a status from 400 to 599 and a path, such as 404 /errors/404.html"
    private static let field = "a field as Name: value, or -Name to remove one"
    private static let type = "a media type, such as text/plain or text/html; charset=utf-8"
    private static let types = "media types, such as text/html, text/* or *+json"
    private static let typeOfExtension = "an extension and a media type, such as .md text/markdown"
    private static let redirect =
        "none, or a path or URI, after a status of 301, 302, 303, 307 or 308 if it is not 301"
    private static let upTo256M = "a size from 0 to 256M in bytes, such as 64K or 1G"
    private static let path = "[Site a]\n[Path a /x/]"

    static let ofSites: [Refusal] = [
        Refusal("[Server]", "StrictHost=maybe", 12, "yes or no"),
        Refusal(
            "[Server]", "CompressionCacheSize=2T", 22,
            "a size from 0 to 1T in bytes, such as 64K or 1G"),
        Refusal("[Site a]", "Precompressed=maybe", 15, codings),
        Refusal("[Site a]", "Compression=brotli", 13, codings, "did you mean br?"),
        Refusal("[Site a]", "Compression=br  gzp", 13, codings, "did you mean gzip?"),
        Refusal("[Site a]", "Compression=yes gzip", 13, codings),
        Refusal("[Site a]", "Compression=br # fast", 13, codings, comment),
        Refusal("[Site a]", "CompressionMaxSize=1G", 20, upTo256M),
        Refusal("[Site a]", "CompressionMinSize=257M", 20, upTo256M),
        Refusal("[Site a]", "CompressionTypes=html", 18, types),
        Refusal(
            "[Site a]", "CompressionTypes=text/html */*", 28, types,
            "one for all types would compress images again"),
        Refusal(
            "[Site a]", "CompressionTypes=*/xml", 18, types,
            "one for all types would compress images again"),
        Refusal("[Site a]", "CompressionTypes=te*/xml", 18, types),
        Refusal(
            "[Site a]", "CompressionTypes=a/b,c/d", 18, types, "they are separated by spaces"),
        Refusal(
            "[Site a]", "CompressionTypes=a/b;c=d", 18, types, "leave out the parameters"),
        Refusal(
            "[Site a]", "MediaType=md text/markdown", 11, typeOfExtension,
            "an extension is written with its dot"),
        Refusal(
            "[Site a]", "MediaType=text/markdown .md", 11, typeOfExtension,
            "the extension comes first, with its dot"),
        Refusal(
            "[Site a]", "MediaType=.tar.gz a/b", 11, typeOfExtension,
            "only what follows the last dot of a name counts"),
        Refusal(
            "[Site a]", "MediaType=.md .mdown a/b", 11, typeOfExtension,
            "each extension needs a line of its own"),
        Refusal("[Site a]", "MediaType=.md", 11, typeOfExtension),
        Refusal("[Site a]", "MediaType=. a/b", 11, typeOfExtension),
        Refusal("[Site a]", "MediaType=.a/b c/d", 11, typeOfExtension),
        Refusal("[Site a]", "MediaType=.md markdown", 11, typeOfExtension),
        Refusal("[Site a]", "ErrorPage=/404.html", 11, page),
        Refusal("[Site a]", "ErrorPage=404", 11, page, "the path is missing"),
        Refusal("[Site a]", "ErrorPage=399 /a", 11, page),
        Refusal("[Site a]", "ErrorPage=600 /a", 11, page),
        Refusal("[Site a]", "ErrorPage=0404 /a", 11, page),
        Refusal("[Site a]", "ErrorPage=4xx /a", 11, page),
        Refusal("[Site a]", "ErrorPage=404 a.html", 11, page, "it must start with '/'"),
        Refusal("[Site a]", "ErrorPage=404 /a/", 11, page, "name a file, not a directory"),
        Refusal(
            "[Site a]", "ErrorPage=404 /../a", 11, page,
            "no request has '//', '/./' or '/../' left in its path"),
    ]

    static let ofFields: [Refusal] = [
        Refusal("[Site a]", "Headers=X-A", 9, field, "there is no colon"),
        Refusal("[Site a]", "Headers=X-A:", 9, field, "to remove a field, write -X-A"),
        Refusal("[Site a]", "Headers=X A: b", 9, field),
        Refusal("[Site a]", "Headers=X-A : b", 9, field),
        Refusal("[Site a]", "Headers=: b", 9, field),
        Refusal("[Site a]", "Headers=-", 9, field),
        Refusal(
            "[Site a]", "Headers=-X-A: b", 9, field, "to remove a field, leave out its value"),
        Refusal("[Site a]", "Headers=X-A: ä", 9, field, "the value is made of ASCII characters"),
        Refusal("[Site a]", "Headers=cache-control: no-store", 9, field, "see CacheControl="),
        Refusal("[Site a]", "Headers=-Server", 9, field, "see ServerField= of [Server]"),
        Refusal(
            "[Site a]", "Headers=Content-Type: a/b", 9, field,
            "see ContentType= of [Path …] and MediaType= of [Site …]"),
    ]

    static let ofPaths: [Refusal] = [
        Refusal(path, "Deny=maybe", 6, "yes or no"),
        Refusal(
            path, "Fallback=no", 10, "a path below the root that starts with '/', or none",
            "it must start with '/'"),
        Refusal(path, "ContentType=html", 13, type),
        Refusal(path, "ContentType=text/*", 13, type),
        Refusal(path, "ContentType=text/html charset=utf-8", 13, type),
        Refusal(path, "ContentType=a/b; c", 13, type, "a parameter is written name=value"),
        Refusal(path, "ContentType=a/b;", 13, type, "a parameter is written name=value"),
        Refusal(path, "ContentType=a/b; c=\"", 13, type, "a parameter is written name=value"),
        Refusal(
            path, "ContentType=a/" + String(repeating: "b", count: 254), 13, type,
            "it has at most 255 characters"),
        Refusal(path, "Redirect=300 /a", 10, redirect),
        Refusal(path, "Redirect=301", 10, redirect, "the target is missing"),
        Refusal(path, "Redirect=a", 10, redirect, "it begins with '/', 'http://' or 'https://'"),
        Refusal(
            path, "Redirect=ftp://a/", 10, redirect, "it begins with '/', 'http://' or 'https://'"),
        Refusal(
            path, "Redirect=$1", 10, redirect, "it begins with '/', 'http://' or 'https://'"),
        Refusal(
            path, "Redirect=//a.example/", 10, redirect,
            "what follows '//' would be a host; write http:// or https://"),
        Refusal(path, "Redirect=302 https:///a", 10, redirect, "there is no host after https://"),
        Refusal(path, "Redirect=http://a@b/", 10, redirect, "there is no host after http://"),
        Refusal(
            path, "Redirect=https://$1.example/", 10, redirect,
            "the host cannot come from a request"),
        Refusal(
            path, "Redirect=https://a.example$1", 10, redirect,
            "the host cannot come from a request"),
        Refusal(path, "Redirect=/$a", 10, redirect, "write $1 to $9, or $$ for a dollar"),
        Refusal(path, "Redirect=/$0", 10, redirect, "write $1 to $9, or $$ for a dollar"),
        Refusal(path, "Redirect=/a$", 10, redirect, "write $1 to $9, or $$ for a dollar"),
        Refusal(path, "Redirect=/a b", 10, redirect, "write %20 for a space"),
        Refusal(path, "Redirect=/50%", 10, redirect, "write %25 for a percent sign"),
        Refusal(path, "Redirect=/ä", 10, redirect, "percent-encode this byte: %C3"),
        Refusal(path, "Redirect=/a\\b", 10, redirect, "percent-encode this byte: %5C"),
        Refusal(
            path, "Redirect=/" + String(repeating: "a", count: 1000), 10, redirect,
            "it has at most 1000 characters"),
    ]

    private static let comment = "a comment stands on a line of its own"

    @Test("of values", arguments: ofSites + ofFields + ofPaths)
    func values(_ test: Refusal) throws {
        let key = test.line.prefix { $0 != "=" }
        let given = quoted(String(test.line.dropFirst(test.column - 1)))
        let hint = test.hint.map { " (\($0))" } ?? ""
        let error = try #require(errors(in: "\(test.section)\n\(test.line)\n").first)
        let message = error.drop { $0 != " " }.dropFirst()
        #expect(message == "\(key)= takes \(test.expectation), not \(given)\(hint)")
    }

    @Test(
        "at the part of a value that is wrong",
        arguments: [
            ("Compression=br  gzp", 17), ("MediaType=.md  text", 16), ("ErrorPage=404  a", 16),
            ("Headers=A:  ä", 13), ("Headers=Date: b", 9), ("ErrorPage=40 /a", 11),
        ])
    func places(line: String, column: Int) {
        let places = errors(in: "[Site a]\n\(line)\n").map { $0.prefix { $0 != " " } }
        #expect(places == ["a.conf:2:\(column):"])
    }

    @Test("at the byte of a redirect that is wrong")
    func placesInRedirects() {
        let lines = [
            "Redirect=/a$b", "Redirect=302  /a b", "Redirect=302 https://a$1/", "Redirect=http:///",
        ]
        let text = "[Site a]\n[Path a /x]\n" + lines.joined(separator: "\n") + "\n"
        let places = errors(in: text).map { $0.prefix { $0 != " " } }
        #expect(places == ["a.conf:3:12:", "a.conf:4:17:", "a.conf:5:23:", "a.conf:6:17:"])
    }

    @Test(
        "of fields that only the daemon can know, set and removed",
        arguments: [
            "Accept-Ranges", "Allow", "Connection", "Content-Encoding", "Content-Length",
            "Content-Range", "Date", "ETag", "Keep-Alive", "Last-Modified", "Location",
            "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Vary", "vary",
        ])
    func ownFields(name: String) {
        for value in ["\(name): x", "-\(name)"] {
            #expect(
                errors(in: "[Site a]\nHeaders=\(value)\n") == [
                    "a.conf:2:9: Headers= takes \(Self.field), not '\(value)'"
                        + " (the daemon alone decides on \(name))"
                ])
        }
    }
}

@Suite("Errors of keys that do not fit together")
struct ContradictionTests {
    @Test("of sizes between which there is none")
    func sizes() {
        let text = "[Site a]\nCompressionMinSize=2K\nCompressionMaxSize=1K\n"
        #expect(errors(in: text) == [])
        let message =
            "CompressionMinSize=2K is more than CompressionMaxSize=1K, so nothing would be"
            + " compressed (if that is meant, say Compression=no)"
        #expect(errors(in: text + "Compression=yes\n") == ["a.conf:2:20: " + message])
        #expect(
            errors(in: "[Site a]\nCompression=br\nCompressionMaxSize=0\n").first?.hasPrefix(
                "a.conf:3:20: CompressionMinSize=1K is more than CompressionMaxSize=0") == true)
    }

    @Test("of fields that fit no head")
    func fields() {
        let line = "Headers=X-%: " + String(repeating: "a", count: 4085) + "\n"
        let two = [1, 2].map { line.replacing("%", with: String($0)) }.joined()
        #expect(errors(in: "[Site a]\n" + two) == [])
        #expect(
            errors(in: "[Site a]\n[Path a /]\n" + two + "Headers=X-3: ab\n") == [
                "a.conf:5:9: all Headers= of a section have at most 8192 bytes, not 8193"
            ])
        let long = "Headers=X-1: " + String(repeating: "a", count: 8188) + "\n"
        #expect(
            errors(in: "[Site a]\n" + long).first?.hasSuffix("(it has at most 8192 characters)")
                == true)
    }

    @Test("of a redirect that is denied")
    func denied() {
        let text = "[Site a]\n[Path a /x]\nRedirect=/a\nDeny=yes\n"
        #expect(
            errors(in: text) == [
                "a.conf:3:10: Deny=yes and Redirect= exclude each other (take one of them away)"
            ])
        #expect(errors(in: text + "Deny=no\n") == [])
        #expect(errors(in: text + "Redirect=none\n") == [])
    }

    @Test(
        "of captures that the pattern has not",
        arguments: [
            ("/x/", 1, 2, "'/x/' is a prefix, which has only $1"),
            ("/x/*.html", 1, 2, "'/x/*.html' has one wildcard"),
            ("/x/*/?/**", 3, 4, "'/x/*/?/**' has 3 wildcards"),
            ("*.pdf", 1, 3, "'*.pdf' has one wildcard"),
        ])
    func captures(pattern: String, last: Int, missing: Int, reason: String) {
        let text = "[Site a]\n[Path a \(pattern)]\nRedirect=/y/$"
        #expect(errors(in: text + "\(last)\n") == [])
        #expect(
            errors(in: text + "\(missing)\n") == [
                "a.conf:3:10: Redirect= has $\(missing), but the pattern \(reason)"
            ])
    }

    @Test(
        "of redirects without end",
        arguments: [
            ("/", "/a"), ("/x", "/x"), ("/x/", "/x/y/$1"), ("/x/", "/x/?y#z"), ("/*", "/$1"),
            ("*.html", "/a/$1.html"), ("/**", "/a/$1"),
        ])
    func endless(pattern: String, target: String) {
        let text = "[Site a]\n[Path a \(pattern)]\nRedirect=\(target)\n"
        #expect(
            errors(in: text) == [
                "a.conf:3:10: Redirect= of [Path a \(pattern)] leads to a path that it is for"
                    + " itself, without end (exempt that path by a section with Redirect=none)"
            ])
        let path = target.replacing("$1", with: "*").prefix { $0 != "?" }
        #expect(errors(in: text + "[Path a \(path)]\nUpload=no\n") != [])
        guard !pattern.utf8.elementsEqual(path.utf8) else { return }
        #expect(errors(in: text + "[Path a \(path)]\nRedirect=none\n") == [])
    }

    @Test(
        "of no others",
        arguments: [
            ("/x", "/y"), ("/x", "/xy"), ("/x/", "/$1"), ("/*.html", "/$1"), ("/a/*", "/a/$1/"),
            ("/x/", "https://a.example/x/$1"), ("/x", "none"), ("/x*", "/$1"),
        ])
    func notEndless(pattern: String, target: String) {
        #expect(errors(in: "[Site a]\n[Path a \(pattern)]\nRedirect=\(target)\n") == [])
    }
}
