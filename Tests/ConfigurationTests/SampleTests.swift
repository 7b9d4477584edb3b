import Foundation
import Testing

@testable import Configuration

@Suite("The sample configuration and the manual page")
struct SampleTests {
    private let sample: String
    private let manual: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        sample = try String(
            contentsOf: root.appending(path: "etc/httpd-swift/httpd-swift.conf"), encoding: .utf8)
        manual = try String(
            contentsOf: root.appending(path: "packaging/man/httpd-swift.conf.5"), encoding: .utf8)
    }

    /// The sample with every `#Key=` and `#[Section]` in force.
    private var uncommented: String {
        sample.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let isKey =
                line.hasPrefix("#") && line.dropFirst().prefix { $0 != "=" }.allSatisfy(\.isLetter)
            return isKey && line.contains("=") || line.hasPrefix("#[") ? line.dropFirst() : line
        }.joined(separator: "\n")
    }

    @Test("as installed, it is the defaults with uploads")
    func asInstalled() throws {
        var expected = Settings()
        expected.sites = [SiteSettings(name: "default")]
        expected.sites[0].upload = true
        #expect(try load(sample).withoutPlaces == expected)
    }

    @Test("its commented assignments are the defaults")
    func defaults() throws {
        var expected = Settings()
        expected.sites = [SiteSettings(name: "default")]
        expected.sites[0].upload = true
        var settings = try load(uncommented)
        #expect(
            settings.sites[0].paths.map(\.pattern) == [
                "/private/", "/old/", "/assets/", "/downloads/*.txt",
            ])
        settings.sites[0].paths = []
        #expect(settings.withoutPlaces == expected)
        let lines = sample.split(separator: "\n")
        #expect(lines.contains("#Upload=no") && lines.contains("Upload=yes"))
    }

    @Test(
        "it documents every key of the table, in its order, and no other",
        arguments: SectionKind.allCases)
    func documentsAll(kind: SectionKind) {
        let syntax = ConfigurationSyntax(reading: Array(uncommented.utf8), file: "sample")
        var section = ""
        var keys: [String] = []
        for line in syntax.lines {
            switch line {
            case .heading(let heading): section = heading?.words.first?.string ?? ""
            case .assignment(let key, _):
                guard section == kind.rawValue, keys.last != key.string else { continue }
                keys.append(key.string)
            }
        }
        #expect(keys == KeyTable.names(of: kind))
    }

    @Test(
        "the manual page describes every key of the table in its section",
        arguments: SectionKind.allCases)
    func manualDescribesAll(kind: SectionKind) throws {
        let heading = "SECTION [\(kind.rawValue.uppercased())"
        let section = try #require(
            manual.components(separatedBy: ".SH ").first { $0.dropFirst().hasPrefix(heading) })
        for name in KeyTable.names(of: kind) {
            #expect(section.contains("\(name)="), "\(name)")
        }
    }

    @Test("the examples of the manual page are right")
    func manualExamples() throws {
        let examples = try #require(manual.components(separatedBy: ".SH EXAMPLES").last)
        let texts = examples.components(separatedBy: ".EX\n").dropFirst().compactMap {
            $0.components(separatedBy: ".EE").first
        }
        #expect(texts.count == 4)
        let settings = try load("[Site default]\n" + texts.joined(separator: "\n"))
        #expect(settings.sites.map(\.name) == ["default", "old", "docs"])
        #expect(settings.sites.map(\.paths.count) == [4, 2, 0])
    }

    @Test("no beginning and no damaged byte of it crashes the reader")
    func robustness() {
        // One comment tells as much as all of them, in a tenth of the time.
        let lines = uncommented.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let bytes = Array(("# A comment\n" + lines.joined(separator: "\n")).utf8)
        let damages: [UInt8] = [
            0x00, 0x0A, 0x0D, 0x20, 0x23, 0x2D, 0x3D, 0x5B, 0x5C, 0x5D, 0x80, 0xE2, 0xFF,
        ]
        for end in bytes.indices {
            let prefix = Array(bytes[..<end])
            check(prefix)
            // A few damages a byte, all of them over the file.
            for number in 0..<2 {
                var damaged = bytes
                damaged[end] = damages[(end * 2 + number) % damages.count]
                check(damaged)
            }
        }
    }

    private func check(_ content: [UInt8]) {
        let loader = SettingsLoader(read: { _ in .content(content) }, list: { _ in [] })
        do throws(ConfigurationErrors) {
            let settings = try loader.load(.file("sample"))
            if settings.sites.isEmpty { Issue.record("loaded without a site") }
        } catch {
            for diagnostic in error.diagnostics {
                guard let location = diagnostic.location else { continue }
                let isInside = location.line >= 1 && location.column >= 1
                if !isInside { Issue.record("\(diagnostic)") }
            }
        }
    }
}
