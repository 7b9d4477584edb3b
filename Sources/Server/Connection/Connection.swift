internal import BasicContainers
internal import Content
internal import HTTP
internal import Linux

/// A connection: its socket, what was read and not yet understood, and what is still to be sent.
///
/// The state machine of HTTP is `HTTP1Exchange`; this type performs the effects. Everything it
/// needs beyond its own fields is lent to it for the time of a call: the loop, and the worker's
/// buffers for heads and for received bytes. While it is idle it owns no buffer.
///
/// One call of `run` does all that can be done without waiting: send what is left, answer the
/// requests that are there, read more. Where it must wait, for the peer or for the blocking pool,
/// it arms a deadline and returns.
struct Connection: ~Copyable {
    /// What the connection waits for from other threads.
    enum Work: UInt8 {
        case none, lookup, warming, content, upload, deletion, control
    }

    /// How far the end of the connection is.
    enum Closing: UInt8 {
        /// Not in sight.
        case none
        /// When everything is sent, the peer's remaining bytes are read and dropped for a while, so
        /// that a reset does not destroy the response (RFC 9112 §9.6).
        case afterSending
        /// Our direction is shut down; the peer's end is waited for.
        case lingering
        /// Nothing more to do.
        case now
    }

    /// The most bytes of a refused request's content that are read to keep the connection.
    static let discardByteLimit = 64 << 10
    /// The most bytes that are read and dropped before closing.
    static let lingerByteLimit = 1 << 20

    let socket: FileDescriptor
    let id: ConnectionID
    /// The index of the listener that it came from.
    let listener: Int
    let role: Listener.Role
    let peer: PeerText
    /// The server was full when it came: its first request is answered with 503.
    let isRefused: Bool

    var exchange = HTTP1Exchange()
    /// What was received and not consumed; empty while idle.
    var input = Bytes()
    /// What the socket did not take yet, from `outputOffset` on.
    var output = Bytes()
    var outputOffset = 0
    /// The content that is to be sent behind `output`.
    var transfer: ContentTransfer?
    var work = Work.none
    /// The number of the work that is waited for.
    private var workSerial: UInt32 = 0
    /// What lookups found, until the request that asked is answered.
    var lookups: [FoundPath] = []
    /// The listing that was read for the present request.
    var listing: FoundListing?
    /// How often the present request waited for something to be found out.
    var lookupCount = 0
    /// The index of the site that the present request is for; -1 while that is not known.
    var site = -1
    /// What holds for the path of the present request, once that is known.
    var rule: Rule?
    /// Set while a request is not answered but explained.
    var explanation: ExplainedRequest?
    /// The exchange that outlives the bytes of its request; valid while a content is sent or
    /// received.
    var pending: PendingExchange?
    var closing = Closing.none
    /// The response is sent; what is left of the request's content is read and dropped.
    var isDiscarding = false
    /// The peer asked for the end, and nothing of it is unread: there is nothing that a reset could
    /// come for.
    var endsQuietly = false
    /// What may still be read of a content that nobody wants.
    var discardBudget = 0
    var isReadable = true
    var isWritable = true
    /// The event loop saw the peer's end; it is read when its turn comes.
    var sawEnd = false
    /// The peer sends no more.
    var inputEnded = false
    /// When the first byte of the present request was received.
    var requestStart = Instant(nanoseconds: 0)
    /// How many requests were answered.
    var requestCount = 0
    /// The deadline that is armed.
    var armed: DeadlineKind?
    /// It is that of an exchange that is over.
    var isArmedForPast = false
    /// Bytes sent and received since the transfer deadline was armed.
    var transferredByteCount = 0
    /// Bytes that were in the socket's send buffer when it was armed.
    private var unsentBefore = 0
    /// It is in the loop's list of those to run again.
    var isQueued = false

    init(
        socket: consuming FileDescriptor, id: ConnectionID, listener: Int, role: Listener.Role,
        peer: PeerText, isRefused: Bool
    ) {
        self.socket = socket
        self.id = id
        self.listener = listener
        self.role = role
        self.peer = peer
        self.isRefused = isRefused
    }

    /// The index of the listener that the present request came from, or is taken to.
    var servedListener: Int { explanation?.listener ?? listener }

    /// Whether it waits between two requests, with nothing left to do.
    var isIdle: Bool {
        exchange.expectsHead && input.isEmpty && work == .none && closing == .none
            && !hasOutput && transfer == nil
    }

    /// Whether bytes are left to be sent.
    var hasOutput: Bool { outputOffset < output.count }

    /// Does all that can be done without waiting.
    ///
    /// - Returns: false when the connection is over and its slot free.
    mutating func run(
        _ loop: inout Loop, _ head: inout RequestHead, _ buffer: inout RigidArray<UInt8>
    ) -> Bool {
        // A peer that never stops sending gets its turn again behind the others.
        for _ in 0..<64 {
            guard send(&loop) else { return arm(&loop) }
            if closing == .now { return false }
            if closing == .afterSending {
                beginLingering()
                continue
            }
            guard work == .none else { return arm(&loop) }
            if !input.isEmpty, closing == .none {
                let count = processInput(&loop, &head)
                if count > 0 || hasOutput || !loop.outgoing.isEmpty || closing != .none
                    || work != .none
                {
                    continue
                }
            }
            guard isReadable, receive(&loop, &head, &buffer) else { return arm(&loop) }
        }
        return yieldTurn(&loop)
    }

    /// Begins to wait for work that is done elsewhere.
    mutating func begin(_ work: Work) -> WorkTicket {
        self.work = work
        workSerial &+= 1
        return WorkTicket(connection: id, serial: workSerial)
    }

    /// Gives the rest of the loop a turn; the socket reports again because it is still readable.
    private mutating func yieldTurn(_ loop: inout Loop) -> Bool {
        guard send(&loop) else { return arm(&loop) }
        runLater(&loop)
        return arm(&loop)
    }

    /// Has the loop run the connection again when the others had their turn.
    mutating func runLater(_ loop: inout Loop) {
        guard !isQueued else { return }
        isQueued = true
        loop.resumeLater(id)
    }

    private mutating func beginLingering() {
        if inputEnded || endsQuietly {
            closing = .now
            return
        }
        socket.shutdownSending()
        closing = .lingering
        discardBudget = Self.lingerByteLimit
        input = Bytes()
    }

    /// Arms the deadline of what is waited for.
    ///
    /// - Returns: whether the connection goes on.
    private mutating func arm(_ loop: inout Loop) -> Bool {
        if closing == .now { return false }
        let wanted: DeadlineKind?
        if work != .none {
            wanted = nil
        } else if closing == .lingering {
            wanted = .linger
        } else if hasOutput || transfer != nil {
            wanted = .transfer
        } else if exchange.expectsHead {
            let isFresh = requestCount == 0 || !input.isEmpty
            wanted = loop.isDraining && input.isEmpty ? .drain : isFresh ? .header : .idle
        } else {
            wanted = .transfer
        }
        guard wanted != armed || wanted == .idle || isArmedForPast else { return true }
        isArmedForPast = false
        if let wanted {
            if wanted == .transfer {
                transferredByteCount = 0
                unsentBefore = socket.unsentByteCount
            }
            loop.deadlines.arm(Int(id.slot), wanted, now: loop.clock.now)
        } else {
            loop.deadlines.disarm(Int(id.slot))
        }
        armed = wanted
        return true
    }

    /// Acts on a deadline that is over.
    ///
    /// - Returns: false when the connection is over.
    mutating func expire(
        _ kind: DeadlineKind, _ loop: inout Loop, _ head: inout RequestHead,
        _ buffer: inout RigidArray<UInt8>
    ) -> Bool {
        armed = nil
        switch kind {
        case .idle, .linger:
            return false
        case .drain:
            // A request may have come in the meantime.
            isReadable = true
            guard run(&loop, &head, &buffer) else { return false }
            return !isIdle
        case .header:
            guard !input.isEmpty else { return false }
            refuse(
                RequestError(.requestTimeout, "The request took too long to arrive."), &loop)
        case .transfer:
            let minimum = loop.minimumTransferByteCount
            // What is in the socket's buffer has not been taken by anybody.
            let taken = transferredByteCount + unsentBefore - socket.unsentByteCount
            if taken >= minimum { return arm(&loop) }
            // A peer that does not take the response will not take another one.
            if hasOutput || transfer != nil || pending == nil {
                finishAborted(&loop)
                return false
            }
            respondEarly(
                .requestTimeout, "The content took too long to arrive.", &loop)
        }
        return run(&loop, &head, &buffer)
    }

    /// Takes up what was done elsewhere.
    ///
    /// - Returns: false when the connection is over.
    mutating func complete(
        _ serial: UInt32, _ outcome: WorkOutcome, _ loop: inout Loop,
        _ head: inout RequestHead, _ buffer: inout RigidArray<UInt8>
    ) -> Bool {
        guard work != .none, serial == workSerial else { return true }
        work = .none
        switch outcome {
        case .lookup(let found):
            lookups.append(found)
            continueExplaining(&loop)
        case .listing(let found):
            listing = found
            continueExplaining(&loop)
        case .prepared:
            continueExplaining(&loop)
        case .warmed(let end):
            transfer?.noteResident(upTo: end, loop.clock.now)
        case .piece(let piece):
            continueContent(piece, &loop)
        case .upload(let result):
            continueUpload(result, &loop)
        case .deletion(let result):
            respondDeleted(result, &loop)
        case .control(let status, let content):
            respondControl(status, content, &loop)
        }
        return run(&loop, &head, &buffer)
    }
}

/// An exchange whose request is no longer in the receive buffer: its head, for the log and for
/// conditions, and how far it is.
final class PendingExchange {
    /// The bytes of the head.
    let headBytes: [UInt8]
    let start: Instant
    /// The form that an error would have.
    let errorPreference: ErrorPreference
    /// The status that was sent, and the content bytes that go with it.
    var status = StatusCode.ok
    var contentByteCount = 0
    /// The upload, while its content comes.
    var upload: UploadExchange?
    /// The head that is to be explained, while it comes.
    var explained: ExplainedContent?

    init(head: borrowing RequestHead, _ bytes: Span<UInt8>, start: Instant) {
        var copy: [UInt8] = []
        copy.reserveCapacity(head.byteCount)
        for index in 0..<min(head.byteCount, bytes.count) { copy.append(bytes[index]) }
        headBytes = copy
        errorPreference = head.errorPreference(in: bytes)
        self.start = start
    }
}
