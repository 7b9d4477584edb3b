import Testing

@Suite("The rules of CONTRIBUTING.md for sources")
struct TidyTests {
    @Test("there are sources and tests to look at")
    func found() {
        #expect(SourceFile.sources.count > 80)
        #expect(SourceFile.tests.count > 20)
        #expect(Set(SourceFile.sources.map(\.module)) == Set(Self.allowedImports.keys))
    }

    @Test("lines have at most 100 columns", arguments: SourceFile.sources + SourceFile.tests)
    func columns(file: SourceFile) {
        for (index, line) in file.lines.enumerated() where line.count > 100 {
            Issue.record("\(file.path):\(index + 1) has \(line.count) columns")
        }
    }

    @Test("functions have at most 70 lines", arguments: SourceFile.sources + SourceFile.tests)
    func functionLength(file: SourceFile) {
        for function in file.functions where function.lineCount > 70 {
            Issue.record("\(file.path):\(function.line) has \(function.lineCount) lines")
        }
    }

    @Test("files have at most 600 lines", arguments: SourceFile.sources + SourceFile.tests)
    func fileLength(file: SourceFile) {
        #expect(file.lines.count <= 601)
    }

    /// The arrows of the architecture, and what else each module may know.
    static let allowedImports: [String: Set<String>] = [
        "Linux": ["BasicContainers", "CLinux"],
        "HTTP": ["BasicContainers"],
        "Codings": ["BasicContainers", "CBrotli", "CZlib", "CZstd", "HTTP"],
        "Content": ["BasicContainers", "HTTP", "Linux", "Synchronization"],
        "Configuration": [],
        "Systemd": ["CSystemd", "Linux"],
        "Control": ["Linux"],
        "Digests": ["COpenSSL"],
        "Server": [
            "BasicContainers", "Codings", "Configuration", "Content", "Control", "DequeModule",
            "HTTP", "Linux", "Logging", "Synchronization", "Systemd",
        ],
        "Client": ["BasicContainers", "Codings", "Digests", "HTTP", "Linux"],
        "httpd-swift": ["Configuration", "Glibc", "Server"],
        "httpctl": [
            "ArgumentParser", "Client", "Configuration", "Control", "FoundationEssentials", "Glibc",
            "Linux",
        ],
    ]

    @Test("imports go down, and Foundation stays out of the daemon", arguments: SourceFile.sources)
    func imports(file: SourceFile) throws {
        let allowed = try #require(Self.allowedImports[file.module])
        for name in file.imports {
            #expect(allowed.contains(name), "\(file.path) imports \(name)")
        }
    }

    @Test("no module shows another as its own", arguments: SourceFile.sources)
    func reexports(file: SourceFile) {
        #expect(!file.says("_exported"))
    }

    /// Outside `Codings`, `Digests`, `Linux` and `Systemd`, which exist to hold it.
    static let filesWithUnsafeCode: Set<String> = [
        "Sources/HTTP/Bytes/Bytes.swift", "Sources/HTTP/HTTP1/RequestHead+Parse.swift",
        "Sources/httpd-swift/main.swift",
    ]

    @Test("unsafe code stands where it is expected", arguments: SourceFile.sources)
    func unsafeCode(file: SourceFile) {
        let isExpected =
            ["Codings", "Digests", "Linux", "Systemd"].contains(file.module)
            || Self.filesWithUnsafeCode.contains(file.path)
        #expect(isExpected || !file.says("unsafe"))
    }

    @Test("the list of files with unsafe code has none without")
    func listOfUnsafeCode() {
        let files = SourceFile.sources.filter { $0.says("unsafe") }.map(\.path)
        #expect(Self.filesWithUnsafeCode.subtracting(files) == [])
    }

    @Test("what the compiler is told to believe stands where it is expected")
    func uncheckedCode() {
        let files = SourceFile.sources.filter { $0.says("unchecked") }.map(\.path)
        #expect(files == ["Sources/Content/Upload.swift", "Sources/Linux/Semaphore.swift"])
    }

    @Test("nothing is left for later", arguments: SourceFile.sources + SourceFile.tests)
    func markers(file: SourceFile) {
        // Not written out, so that this file has none.
        let markers = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
        for (index, line) in file.lines.enumerated() {
            let words = line.split { !$0.isLetter }
            for marker in markers where words.contains(Substring(marker)) {
                Issue.record("\(file.path):\(index + 1) has \(marker)")
            }
        }
    }

    @Test(
        "files begin with what they are about and end with one line end",
        arguments: SourceFile.sources + SourceFile.tests)
    func beginning(file: SourceFile) throws {
        let first = try #require(file.lines.first)
        let words = [
            "///", "import", "internal", "public", "@testable", "//", "extension", "struct", "enum",
            "private", "final", "func", "let",
        ]
        #expect(words.contains { first == $0 || first.hasPrefix($0 + " ") })
        let banner = ["Copyright", "License", "Created by", "All rights", "===", ".swift"]
        for line in file.lines.prefix(3) where line.hasPrefix("//") {
            for word in banner { #expect(!line.contains(word)) }
        }
        #expect(file.lines.last == "")
        #expect(file.lines.dropLast().last != "")
    }

    @Test("only the executables print or exit", arguments: SourceFile.sources)
    func printing(file: SourceFile) {
        guard !["httpd-swift", "httpctl"].contains(file.module) else { return }
        for name in ["print", "debugPrint", "exit"] {
            #expect(!file.calls(name), "\(name)")
        }
    }
}

@Suite("How the rules look at sources")
struct SourceFileTests {
    @Test(
        "comments and strings are blanked",
        arguments: [
            ("let a = 1 // unsafe", "let a = 1          "), ("a /* b */ c", "a         c"),
            ("\"a{\" + b", "     + b"), ("\"a\\\"{\" + b", "       + b"),
            ("\"\\(a + \"{\" + b)\" }", "   a +     + b   }"), ("\"\\((a))\"", "   (a)  "),
            ("#\"a\"{\"# }", "        }"), ("\"\"\"\n a\" {\n\"\"\" }", "   \n     \n    }"),
            ("\"//\" }", "     }"), ("\"\\\\\" }", "     }"), ("#expect(a)", "#expect(a)"),
        ])
    func blanking(text: String, expected: String) {
        #expect(CodeBlanker.blank(text) == expected)
    }

    @Test("functions are found with their lines")
    func functions() {
        let text = """
            struct A {
                var b = { 1 }
                init(_ c: () -> Void = {}) {
                    self.init()
                }
                func d() -> Int {
                    if true {
                    }
                    return 1
                }
                deinit { "}" }
            }
            protocol P {
                func e()
                init()
                var f: Int { get }
            }
            """
        let found = SourceFile(path: "Sources/A/B.swift", text: text).functions
        #expect(found.map(\.line) == [3, 6, 11])
        #expect(found.map(\.lineCount) == [3, 5, 1])
    }

    @Test("imports are found with and without access levels")
    func imports() {
        let text = """
            import A
            public import B
            @testable internal import C
            // import D
            let important = "import E"
            """
        #expect(SourceFile(path: "Sources/A/B.swift", text: text).imports == ["A", "B", "C"])
    }
}
