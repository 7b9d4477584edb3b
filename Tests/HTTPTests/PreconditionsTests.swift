import HTTP
import Testing

private let now = HTTPDate(seconds: 784_111_777 + 3600)

/// The state of a target: what its preconditions are judged by.
private enum Target: String, CaseIterable {
    case missing, strong, weak

    /// Last modified at Sun, 06 Nov 1994 08:49:37 GMT, the tag is `"1-2"`.
    var validators: Validators? {
        guard self != .missing else { return nil }
        return Validators(
            entityTag: EntityTag(1, 2, isWeak: self == .weak),
            lastModified: HTTPDate(seconds: 784_111_777))
    }
}

private let before = "Sun, 06 Nov 1994 08:49:36 GMT"
private let same = "Sun, 06 Nov 1994 08:49:37 GMT"
private let after = "Sun, 06 Nov 1994 08:49:38 GMT"

/// One request against the three states; for methods that read, and for those that do not.
struct PreconditionCase: CustomTestStringConvertible {
    var fields: [String]
    /// For GET and HEAD: missing, strong, weak.
    var reading: [Precondition]
    /// For PUT and DELETE.
    var writing: [Precondition]

    var testDescription: String { fields.joined(separator: " | ") }

    init(_ fields: [String], _ reading: [Precondition], _ writing: [Precondition]) {
        self.fields = fields
        self.reading = reading
        self.writing = writing
    }
}

@Suite("RFC 9110 §13 preconditions")
struct PreconditionsTests {
    static let cases: [PreconditionCase] = [
        .init([], [.holds, .holds, .holds], [.holds, .holds, .holds]),
        // If-Match (§13.1.1): strong comparison.
        .init(["If-Match: *"], [.failed, .holds, .holds], [.failed, .holds, .holds]),
        .init(["If-Match: \"1-2\""], [.failed, .holds, .failed], [.failed, .holds, .failed]),
        .init(["If-Match: W/\"1-2\""], [.failed, .failed, .failed], [.failed, .failed, .failed]),
        .init(["If-Match: \"x\""], [.failed, .failed, .failed], [.failed, .failed, .failed]),
        .init(
            ["If-Match: \"x\"", "If-Match: \"1-2\""], [.failed, .holds, .failed],
            [.failed, .holds, .failed]),
        .init(["If-Match:"], [.failed, .failed, .failed], [.failed, .failed, .failed]),
        .init(["If-Match: 1-2"], [.failed, .failed, .failed], [.failed, .failed, .failed]),
        // A tag of the content in another coding is as good where it is not read.
        .init(
            ["If-Match: \"1-2-br.a\""], [.failed, .failed, .failed], [.failed, .holds, .failed]),
        .init(
            ["If-None-Match: W/\"1-2-gzip.1\""], [.holds, .holds, .holds],
            [.holds, .failed, .failed]),
        // If-Unmodified-Since (§13.1.4), only without If-Match.
        .init(
            ["If-Unmodified-Since: \(before)"], [.holds, .failed, .failed],
            [.holds, .failed, .failed]),
        .init(
            ["If-Unmodified-Since: \(same)"], [.holds, .holds, .holds], [.holds, .holds, .holds]),
        .init(
            ["If-Unmodified-Since: \(after)"], [.holds, .holds, .holds], [.holds, .holds, .holds]),
        .init(["If-Unmodified-Since: x"], [.holds, .holds, .holds], [.holds, .holds, .holds]),
        .init(
            ["If-Unmodified-Since: \(before)", "If-Unmodified-Since: \(before)"],
            [.holds, .holds, .holds], [.holds, .holds, .holds]),
        .init(
            ["If-Unmodified-Since: \(before)", "If-Match: *"], [.failed, .holds, .holds],
            [.failed, .holds, .holds]),
        // If-None-Match (§13.1.2): weak comparison.
        .init(
            ["If-None-Match: *"], [.holds, .notModified, .notModified], [.holds, .failed, .failed]),
        .init(
            ["If-None-Match: \"1-2\""], [.holds, .notModified, .notModified],
            [.holds, .failed, .failed]),
        .init(
            ["If-None-Match: W/\"1-2\""], [.holds, .notModified, .notModified],
            [.holds, .failed, .failed]),
        .init(["If-None-Match: \"x\""], [.holds, .holds, .holds], [.holds, .holds, .holds]),
        .init(
            ["If-None-Match: \"x\"", "If-None-Match: \"1-2\""],
            [.holds, .notModified, .notModified], [.holds, .failed, .failed]),
        .init(["If-None-Match: x"], [.holds, .holds, .holds], [.holds, .holds, .holds]),
        // If-Modified-Since (§13.1.3), only without If-None-Match, and only where it reads.
        .init(
            ["If-Modified-Since: \(before)"], [.holds, .holds, .holds], [.holds, .holds, .holds]),
        .init(
            ["If-Modified-Since: \(same)"], [.holds, .notModified, .notModified],
            [.holds, .holds, .holds]),
        .init(
            ["If-Modified-Since: \(after)"], [.holds, .notModified, .notModified],
            [.holds, .holds, .holds]),
        .init(
            ["If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"],
            [.holds, .notModified, .notModified], [.holds, .holds, .holds]),
        .init(
            ["If-Modified-Since: Sun Nov  6 08:49:37 1994"],
            [.holds, .notModified, .notModified], [.holds, .holds, .holds]),
        .init(
            ["If-Modified-Since: \(same)", "If-None-Match: \"x\""], [.holds, .holds, .holds],
            [.holds, .holds, .holds]),
        .init(
            ["If-Modified-Since: \(before)", "If-None-Match: \"1-2\""],
            [.holds, .notModified, .notModified], [.holds, .failed, .failed]),
        .init(["If-Modified-Since: 0"], [.holds, .holds, .holds], [.holds, .holds, .holds]),
        .init(
            ["If-Modified-Since: \(same)", "If-Modified-Since: \(same)"], [.holds, .holds, .holds],
            [.holds, .holds, .holds]),
        // The order of §13.2.2: 412 by the first pair wins over 304 by the second.
        .init(
            ["If-None-Match: \"1-2\"", "If-Match: \"x\""], [.failed, .failed, .failed],
            [.failed, .failed, .failed]),
        .init(
            ["If-None-Match: \"1-2\"", "If-Match: \"1-2\""], [.failed, .notModified, .failed],
            [.failed, .failed, .failed]),
        .init(
            ["If-Modified-Since: \(same)", "If-Unmodified-Since: \(before)"],
            [.holds, .failed, .failed], [.holds, .failed, .failed]),
        .init(
            ["If-Modified-Since: \(same)", "If-Unmodified-Since: \(same)"],
            [.holds, .notModified, .notModified], [.holds, .holds, .holds]),
    ]

    @Test("in the order of §13.2.2", arguments: cases)
    func evaluation(precondition: PreconditionCase) throws {
        let fields = precondition.fields.map { "\($0)\r\n" }.joined()
        let methods = [
            ("GET", precondition.reading), ("HEAD", precondition.reading),
            ("PUT", precondition.writing), ("DELETE", precondition.writing),
        ]
        for (method, expectations) in methods {
            for (target, expected) in zip(Target.allCases, expectations) {
                let text = "\(method) / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
                let outcome = try withHead(text) { head, bytes in
                    head.precondition(in: bytes, current: target.validators, now: now)
                }
                #expect(outcome == expected, "\(method), target is \(target)")
            }
        }
    }

    @Test(
        "If-Range (§13.1.5): only the representation just as it is",
        arguments: [
            ([], true, true), (["\"1-2\""], true, false), (["W/\"1-2\""], false, false),
            (["\"x\""], false, false), (["*"], false, false), ([""], false, false),
            ([same], true, true), ([before], false, false), ([after], false, false),
            (["x"], false, false), (["\"1-2\"", "\"1-2\""], false, false),
            (["1-2"], false, false), (["\"1-2"], false, false),
        ] as [([String], Bool, Bool)])
    func ifRange(values: [String], strong: Bool, weak: Bool) throws {
        let fields = values.map { "If-Range: \($0)\r\n" }.joined()
        let text = "GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-\r\n\(fields)\r\n"
        for (target, expected) in [(Target.strong, strong), (.weak, weak)] {
            let validators = try #require(target.validators)
            let holds = try withHead(text) { head, bytes in
                head.ifRangeHolds(in: bytes, current: validators, now: now)
            }
            #expect(holds == expected, "target is \(target)")
        }
    }

    @Test("an If-Range date within the second it names is not strong (§8.8.2.2)")
    func youngIfRangeDate() throws {
        let validators = try #require(Target.strong.validators)
        let text = "GET / HTTP/1.1\r\nHost: a\r\nIf-Range: \(same)\r\n\r\n"
        for age in 0...2 {
            let holds = try withHead(text) { head, bytes in
                head.ifRangeHolds(
                    in: bytes, current: validators, now: HTTPDate(seconds: 784_111_777 + age))
            }
            #expect(holds == (age >= 1))
        }
    }
}
