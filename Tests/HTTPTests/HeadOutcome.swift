import HTTP

/// What a request's head was found to say, as values that can be compared and printed.
struct ParsedHead: Equatable {
    var method: Method
    var methodToken: String
    var target: String
    var form: RequestHead.TargetForm
    var path: String
    var query: String
    var authority: String
    var host: String
    var requestLine: String
    var minorVersion: UInt8
    var framing: RequestHead.Framing
    var isPersistent: Bool
    var expectsContinue: Bool
    var hasUnknownExpectation: Bool
    var byteCount: Int
    /// The values of the known fields, in order, by name.
    var fields: [FieldName: [String]] = [:]

    init(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) {
        method = head.method
        methodToken = bytes.extracting(head.methodToken.range).text
        target = bytes.extracting(head.target.range).text
        form = head.targetForm
        path = bytes.extracting(head.path.range).text
        query = bytes.extracting(head.query.range).text
        authority = bytes.extracting(head.authority.range).text
        host = bytes.extracting(head.host.range).text
        requestLine = bytes.extracting(head.requestLine.range).text
        minorVersion = head.minorVersion
        framing = head.framing
        isPersistent = head.isPersistent
        expectsContinue = head.expectsContinue
        hasUnknownExpectation = head.hasUnknownExpectation
        byteCount = head.byteCount
        for name in FieldName.allCases where head.has(name) {
            var values: [String] = []
            head.forEachValue(name, in: bytes) { values.append(bytes.extracting($0.range).text) }
            fields[name] = values
        }
    }
}

/// What came of bytes that might begin with a head.
enum HeadOutcome: Equatable {
    case parsed(ParsedHead)
    case refused(Int)
    case incomplete

    /// Hands the bytes to an exchange, as they would come when they are received in these parts.
    init(_ bytes: [UInt8], receivedUpTo ends: [Int]) {
        var exchange = HTTP1Exchange()
        var head = RequestHead()
        for end in ends + [bytes.count] {
            let received = bytes.span.extracting(0..<end)
            do {
                guard try exchange.receiveHead(received, into: &head) else { continue }
                self = .parsed(ParsedHead(head, received))
            } catch {
                self = .refused(Int(error.status.rawValue))
            }
            return
        }
        self = .incomplete
    }

    /// The outcome of text that is received at once.
    init(_ text: String) {
        self.init(Array(text.utf8), receivedUpTo: [])
    }

    var parsed: ParsedHead? {
        if case .parsed(let head) = self { head } else { nil }
    }
}

/// Parses a head that is known to be accepted, and lends it.
func withHead<Result>(
    _ text: String, _ body: (borrowing RequestHead, Span<UInt8>) -> Result
) throws -> Result {
    let bytes = Array(text.utf8)
    var head = RequestHead()
    guard try head.parse(bytes.span) else { throw IncompleteHead() }
    return body(head, bytes.span)
}

struct IncompleteHead: Error {}
