internal import BasicContainers
internal import Configuration
internal import HTTP
internal import Linux

/// What came of one exchange, as far as its request does not say it.
struct ExchangeResult: BitwiseCopyable {
    var status: StatusCode
    /// Bytes of content that were sent.
    var contentByteCount: Int
    /// From the first byte of the request to the last of the response, nanoseconds.
    var duration: Int
}

/// The text of a peer's address.
struct PeerText: BitwiseCopyable {
    private var text = InlineArray<46, UInt8>(repeating: 0)
    private var count: UInt8 = 0

    private init() {}

    init(_ host: String) {
        self.init()
        for byte in host.utf8.prefix(46) { append(byte) }
        if count == 0 { append(0x2D) }
    }

    init(_ address: SocketAddress) {
        guard let octets = address.ipv4Octets else {
            self.init(address.host)
            return
        }
        self.init()
        for index in octets.indices {
            if index > 0 { append(0x2E) }
            append(decimal: octets[index])
        }
    }

    private mutating func append(_ byte: UInt8) {
        text[Int(count)] = byte
        count &+= 1
    }

    private mutating func append(decimal value: UInt8) {
        if value >= 100 { append(0x30 &+ value / 100) }
        if value >= 10 { append(0x30 &+ value / 10 % 10) }
        append(0x30 &+ value % 10)
    }

    /// The most bytes that it has.
    static let byteLimit = 46

    /// Its bytes.
    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { text.span.extracting(0..<Int(count)) }
    }

    /// Appends the text.
    func write(to output: inout Bytes) {
        output.append(bytes)
    }
}

/// What a worker has to log: lines for the file, events for the journal.
///
/// Written into buffers that are kept, and handed on before the loop sleeps.
struct RequestLog: ~Copyable {
    private static let flushByteCount = 256 << 10
    /// How long something may wait while the loop does not sleep, in nanoseconds.
    private static let patience = 1_000_000

    private var lines = Bytes(minimumCapacity: 64 << 10)
    private var lineCount = 0
    /// When the first of what waits was recorded.
    private var waitsSince = Instant(nanoseconds: 0)
    private var events = Bytes()
    private var fieldEnds = UniqueArray<Int>()
    private var eventCount = 0
    private var budget: JournalBudget
    private let idPrefix = ProcessLimits.random()
    private var idCounter: UInt64 = 0
    private let file: AccessLogFile?
    private let journal: JournalThread?
    private let format: LogSettings.Format
    private let journalPolicy: LogSettings.Journal

    init(_ snapshot: Snapshot, _ journal: JournalThread?, workerCount: Int) {
        file = snapshot.accessLog
        self.journal = journal
        let settings = snapshot.settings.log
        format = settings.format
        journalPolicy = journal == nil ? .none : settings.journal
        budget = JournalBudget(limit: settings.journalRateLimit, workerCount: workerCount)
    }

    /// Whether nothing waits to be handed on.
    var isEmpty: Bool { lines.isEmpty && events.isEmpty }

    /// Whether there is something, and it may wait for more.
    func mayWait(_ now: Instant) -> Bool { !isEmpty && now - waitsSince < Self.patience }

    /// Records one exchange.
    mutating func record(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, peer: PeerText,
        result: ExchangeResult, clock: borrowing BatchClock, statistics: inout Statistics
    ) {
        idCounter &+= 1
        if isEmpty { waitsSince = clock.now }
        if file != nil {
            switch format {
            case .combined: appendCombined(head, bytes, peer, result, clock)
            case .json: appendJSON(head, bytes, peer, result, clock)
            }
            lineCount &+= 1
            if lines.count >= Self.flushByteCount { flushLines(&statistics) }
        }
        let isError = result.status.rawValue >= 400
        guard journalPolicy == .all || (journalPolicy == .errors && isError) else { return }
        guard budget.take(isError: isError, clock.seconds) || result.status.rawValue >= 500 else {
            statistics.journalSuppressed &+= 1
            return
        }
        appendEvent(head, bytes, peer, result)
    }

    /// Hands everything on: the lines to the kernel, the events to the journal's thread.
    mutating func flush(_ statistics: inout Statistics) {
        if !lines.isEmpty { flushLines(&statistics) }
        guard !events.isEmpty, let journal else { return }
        if !journal.add(events.span, ends: fieldEnds.span) {
            statistics.journalDropped += eventCount
        }
        eventCount = 0
        events.removeAll(keepingCapacity: true)
        fieldEnds.removeAll(keepingCapacity: true)
    }

    private mutating func flushLines(_ statistics: inout Statistics) {
        let isWritten = file?.write(lines.span) ?? true
        if isWritten {
            statistics.logLines += lineCount
        } else {
            statistics.logWriteErrors += lineCount
        }
        lineCount = 0
        lines.removeAll(keepingCapacity: true)
    }

    /// The request line as sent; where there is none, what came in its place.
    @_lifetime(copy bytes)
    private static func requestLine(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>
    ) -> Span<UInt8> {
        if !head.requestLine.isEmpty { return bytes.extracting(head.requestLine.range) }
        var end = 0
        while end < min(bytes.count, 256), bytes[end] != 0x0A, bytes[end] != 0x0D { end += 1 }
        return bytes.extracting(0..<end)
    }

    private mutating func appendCombined(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ peer: PeerText,
        _ result: ExchangeResult, _ clock: borrowing BatchClock
    ) {
        let line = Self.requestLine(head, bytes)
        let referer = head.value(.referer, in: bytes)
        let userAgent = head.value(.userAgent, in: bytes)
        if head.hasPlainRequestLine || Self.isPlain(line), Self.isPlain(referer),
            Self.isPlain(userAgent)
        {
            appendCombined(line, referer, userAgent, peer, result, clock)
            return
        }
        let escapedLine = Self.escaped(line)
        let escapedReferer = Self.escaped(referer)
        let escapedUserAgent = Self.escaped(userAgent)
        appendCombined(
            escapedLine.span, escapedReferer.span, escapedUserAgent.span, peer, result, clock)
    }

    /// Whether a quoted text can have it as it is.
    private static func isPlain(_ text: Span<UInt8>?) -> Bool {
        guard let text else { return true }
        return endOfPlainText(in: text, from: 0) == text.count
    }

    private static func escaped(_ text: Span<UInt8>?) -> Bytes {
        var escaped = Bytes()
        if let text { escaped.appendEscaped(text) }
        return escaped
    }

    /// Appends a line of texts that have nothing to be escaped, all at once.
    private mutating func appendCombined(
        _ line: Span<UInt8>, _ referer: Span<UInt8>?, _ userAgent: Span<UInt8>?,
        _ peer: PeerText, _ result: ExchangeResult, _ clock: borrowing BatchClock
    ) {
        let time = clock.logText.span
        let count =
            PeerText.byteLimit &+ time.count &+ line.count &+ (referer?.count ?? 0)
            &+ (userAgent?.count ?? 0) &+ 2 &* OutputSpan<UInt8>.decimalByteCount &+ 24
        lines.append(addingCount: count) { output in
            output.append(peer.bytes)
            output.append(" - - ")
            output.append(time)
            output.append(" \"")
            output.append(line)
            output.append("\" ")
            output.append(decimal: Int(result.status.rawValue))
            output.append(0x20)
            output.append(decimal: result.contentByteCount)
            output.append(combined: referer)
            output.append(combined: userAgent)
            output.append(0x0A)
        }
    }

    private mutating func appendJSON(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ peer: PeerText,
        _ result: ExchangeResult, _ clock: borrowing BatchClock
    ) {
        lines.append("{\"time\":\"")
        lines.appendTimestamp(nanoseconds: WallClock.now)
        lines.append("\",\"peer\":\"")
        peer.write(to: &lines)
        lines.append("\",\"request\":")
        lines.appendJSONString(Self.requestLine(head, bytes))
        lines.append(",\"method\":")
        lines.appendJSONString(bytes.extracting(head.methodToken.range))
        lines.append(",\"target\":")
        lines.appendJSONString(bytes.extracting(head.target.range))
        lines.append(",\"host\":")
        lines.appendJSONString(bytes.extracting(head.authority.range))
        lines.append(",\"status\":")
        lines.append(decimal: Int(result.status.rawValue))
        lines.append(",\"bytes\":")
        lines.append(decimal: result.contentByteCount)
        lines.append(",\"duration_usec\":")
        lines.append(decimal: result.duration / 1000)
        for name: FieldName in [.referer, .userAgent] {
            lines.append(name == .referer ? ",\"referrer\":" : ",\"user_agent\":")
            if let value = head.value(name, in: bytes) {
                lines.appendJSONString(value)
            } else {
                lines.append("null")
            }
        }
        lines.append(",\"request_id\":\"")
        lines.append(hexadecimal: idPrefix &+ idCounter)
        lines.append("\"}\n")
    }

    private mutating func appendEvent(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ peer: PeerText,
        _ result: ExchangeResult
    ) {
        events.append("MESSAGE=")
        peer.write(to: &events)
        events.append(" \"")
        events.appendEscaped(Self.requestLine(head, bytes))
        events.append("\" ")
        events.append(decimal: Int(result.status.rawValue))
        events.append(0x20)
        events.append(decimal: result.contentByteCount)
        endField()
        events.append("MESSAGE_ID=")
        events.append(MessageID.request)
        endField()
        events.append(result.status.rawValue >= 500 ? "PRIORITY=3" : "PRIORITY=6")
        endField()
        events.append("SYSLOG_IDENTIFIER=httpd-swift")
        endField()
        events.append("REMOTE_ADDR=")
        peer.write(to: &events)
        endField()
        appendField("HTTP_METHOD=", bytes.extracting(head.methodToken.range))
        appendField("HTTP_TARGET=", bytes.extracting(head.target.range))
        appendField("HTTP_HOST=", bytes.extracting(head.authority.range))
        appendField("HTTP_STATUS=", Int(result.status.rawValue))
        appendField("HTTP_BYTES=", result.contentByteCount)
        appendField("HTTP_DURATION_USEC=", result.duration / 1000)
        if let value = head.value(.referer, in: bytes) { appendField("HTTP_REFERRER=", value) }
        if let value = head.value(.userAgent, in: bytes) { appendField("HTTP_USER_AGENT=", value) }
        events.append("REQUEST_ID=")
        events.append(hexadecimal: idPrefix &+ idCounter)
        endField()
        fieldEnds.append(-1)
        eventCount &+= 1
    }

    private mutating func appendField(_ name: StaticString, _ value: Span<UInt8>) {
        events.append(name)
        events.append(copying: value)
        endField()
    }

    private mutating func appendField(_ name: StaticString, _ value: Int) {
        events.append(name)
        events.append(decimal: value)
        endField()
    }

    private mutating func endField() {
        fieldEnds.append(events.count)
    }
}

/// How many requests a worker may still hand to the journal within this second.
///
/// Requests that failed have a budget of their own, so that they are not lost among those that did
/// not.
private struct JournalBudget {
    private let limit: Int
    private var second = 0
    private var left = 0
    private var leftForErrors = 0

    init(limit: Int, workerCount: Int) {
        self.limit = limit == 0 ? Int.max : max(1, limit / workerCount)
    }

    mutating func take(isError: Bool, _ now: Int) -> Bool {
        if now != second {
            second = now
            left = limit
            leftForErrors = limit
        }
        if isError, leftForErrors > 0 {
            leftForErrors -= 1
            return true
        }
        guard left > 0 else { return false }
        left -= 1
        return true
    }
}

extension OutputSpan<UInt8> {
    /// Appends what the Combined Log Format has of a field: a hyphen where there is nothing.
    @inline(__always)
    fileprivate mutating func append(combined value: Span<UInt8>?) {
        guard let value, value.count > 0 else {
            append(" \"-\"")
            return
        }
        append(" \"")
        append(value)
        append(0x22)
    }
}

extension UniqueArray<UInt8> {
    /// Appends what a peer sent so that it can neither end the line nor the quotes it stands in:
    /// quotes, backslashes, and all but printable ASCII as `\xHH`.
    mutating func appendEscaped(_ text: Span<UInt8>) {
        var start = 0
        while true {
            let end = endOfPlainText(in: text, from: start)
            append(copying: text.extracting(start..<end))
            guard end < text.count else { return }
            append("\\x")
            appendHexadecimalPair(text[end])
            start = end &+ 1
        }
    }

    /// Appends a JSON string (RFC 8259 §7); bytes that are not ASCII as U+0080…U+00FF, so that none
    /// is lost and the text is always valid.
    mutating func appendJSONString(_ text: Span<UInt8>) {
        append(0x22)
        var start = 0
        while true {
            let end = endOfPlainText(in: text, from: start)
            append(copying: text.extracting(start..<end))
            guard end < text.count else { break }
            append("\\u00")
            appendHexadecimalPair(text[end])
            start = end &+ 1
        }
        append(0x22)
    }

    /// Appends a time of RFC 3339 with microseconds, UTC.
    mutating func appendTimestamp(nanoseconds: Int) {
        let seconds = nanoseconds / 1_000_000_000
        let (year, month, day) = HTTPDate.civil(fromDays: seconds / 86400)
        let time = seconds % 86400
        append(decimal: year)
        append(0x2D)
        append(twoDigits: month)
        append(0x2D)
        append(twoDigits: day)
        append(0x54)
        append(twoDigits: time / 3600)
        append(0x3A)
        append(twoDigits: time / 60 % 60)
        append(0x3A)
        append(twoDigits: time % 60)
        append(0x2E)
        let microseconds = nanoseconds % 1_000_000_000 / 1000
        append(twoDigits: microseconds / 10000)
        append(twoDigits: microseconds / 100 % 100)
        append(twoDigits: microseconds % 100)
        append(0x5A)
    }

    private mutating func appendHexadecimalPair(_ byte: UInt8) {
        for digit in [byte >> 4, byte & 15] { append(digit &+ (digit < 10 ? 0x30 : 0x57)) }
    }
}

/// The kinds of events in the journal; the catalog explains each (`journalctl -x`).
enum MessageID {
    static let request: StaticString = "8f3c1c5e2b6d4f0e9a7d1b2c3d4e5f60"
    static let started = "1b6f0f9a6c4e4f6bb0d8a7d5c1e2f301"
    static let stopping = "2c7a1e8b7d5f405cb1e9b8e6d2f3a402"
    static let reloaded = "3d8b2f9c8e60416dc2fac9f7e304b503"
    static let reloadRefused = "4e9c30ad9f71427ed30bda08f415c604"
    static let logFailed = "5fad41bea082438fe41ceb190526d705"
    static let suppressed = "60be52cfb1934490f52dfc2a1637e806"
    static let uploadFailed = "71cf63d0c2a445a1063e0d3b2748f907"
}
