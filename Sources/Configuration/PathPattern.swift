/// Which paths a section `[Path SITE PATTERN]` is for.
///
/// A pattern without `*` and `?` is a prefix: one that ends with `/` is for all below that
/// directory, another one for exactly that path and all below it. The others are globs, and match
/// the whole of a path: `?` is one character but `/`, `*` any run of those, `**` any run at all;
/// between two slashes, `**` is any number of directories, also none. A glob starts with `/`, or
/// with `*` for names at any depth: `*.pdf` matches what `/**/*.pdf` does.
///
/// Paths are decoded, start with `/`, have no empty and no dot segments, and end with `/` if they
/// name a directory. Their bytes need not be UTF-8; what is not counts as a character each byte.
public struct PathPattern: Sendable, Equatable {
    /// What a piece of a glob matches; wildcards know which capture they are, from 0, if any.
    private enum Token: Sendable, Equatable {
        case literal(UInt8)
        /// `?`.
        case character(capture: Int?)
        /// `*`.
        case run(capture: Int?)
        /// `**`.
        case anything(capture: Int?)
        /// `**/` after a slash: directories, each with the slash behind it, or nothing.
        case directories(capture: Int?)
    }

    /// The pattern as it was written.
    public let text: String
    /// Whether it is a glob, not a prefix.
    public let isGlob: Bool
    /// How many of its characters are neither `*` nor `?`, which ranks globs.
    public let literalCount: Int
    /// How many parts of a path it captures: one for each wildcard; for a prefix, what follows it.
    public private(set) var captureCount = 0
    /// The pieces of a glob, or the bytes of a prefix.
    private var tokens: [Token] = []

    /// Understands a pattern; nil if it is none, which settings that were loaded never have.
    public init?(_ text: String) {
        do throws(Rejection) {
            try self.init(parsing: text)
        } catch {
            return nil
        }
    }

    /// Understands a pattern.
    init(parsing text: String) throws(Rejection) {
        let bytes = Array(text.utf8)
        self.text = text
        isGlob = bytes.contains { Self.isWildcard($0) }
        literalCount = text.unicodeScalars.count {
            !$0.isASCII || !Self.isWildcard(UInt8($0.value))
        }
        guard isGlob else {
            tokens = try ValueForm.parseSitePath(text).utf8.map { .literal($0) }
            captureCount = 1
            return
        }
        guard bytes.first != UInt8(ascii: "*") else {
            _ = try ValueForm.parseSitePath("/" + text)
            tokens = [.literal(UInt8(ascii: "/"))]
            // A pattern that starts with `**` is for any depth by itself.
            if !bytes.starts(with: "**".utf8) { tokens.append(.directories(capture: nil)) }
            try appendGlob(bytes)
            return
        }
        guard bytes.first == UInt8(ascii: "/") else {
            throw Rejection(hint: "it must start with '/' or '*'")
        }
        try appendGlob(Array(ValueForm.parseSitePath(text).utf8))
    }

    private mutating func appendGlob(_ bytes: [UInt8]) throws(Rejection) {
        var offset = 0
        while offset < bytes.count {
            guard Self.isWildcard(bytes[offset]) else {
                tokens.append(.literal(bytes[offset]))
                offset += 1
                continue
            }
            let capture = captureCount
            captureCount += 1
            let stars = bytes[offset...].prefix { $0 == UInt8(ascii: "*") }.count
            offset += max(stars, 1)
            switch stars {
            case 0: tokens.append(.character(capture: capture))
            case 1: tokens.append(.run(capture: capture))
            case 2:
                let isBetweenSlashes =
                    tokens.last == .literal(UInt8(ascii: "/")) && offset < bytes.count
                    && bytes[offset] == UInt8(ascii: "/")
                if isBetweenSlashes { offset += 1 }
                tokens.append(
                    isBetweenSlashes
                        ? .directories(capture: capture) : .anything(capture: capture))
            default: throw Rejection(hint: "there is * and **, and no longer one")
            }
        }
    }

    private static func isWildcard(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?")
    }
}

// MARK: Matching

extension PathPattern {
    /// Whether the pattern is for a path; allocates nothing.
    public func matches(_ path: Span<UInt8>) -> Bool {
        var captures: [Range<Int>] = []
        return isGlob ? matchGlob(path, &captures) : matchPrefix(path)
    }

    /// The offsets of what the wildcards match in a path, in their order; nil if it does not match.
    ///
    /// Each wildcard takes as little as it can, the first ones before the later. That of a prefix
    /// is what follows it. Directories are captured without the slash behind them.
    public func captures(in path: Span<UInt8>) -> [Range<Int>]? {
        guard isGlob else { return matchPrefix(path) ? [tokens.count..<path.count] : nil }
        var captures = Array(repeating: 0..<0, count: captureCount)
        return matchGlob(path, &captures) ? captures : nil
    }

    private func matchPrefix(_ path: Span<UInt8>) -> Bool {
        guard path.count >= tokens.count else { return false }
        for (offset, token) in tokens.enumerated() where token != .literal(path[offset]) {
            return false
        }
        let slash = UInt8(ascii: "/")
        return path.count == tokens.count || tokens.last == .literal(slash)
            || path[tokens.count] == slash
    }

    /// A wildcard that may take more than it has.
    private struct Choice {
        var token: Int
        var capture: Int?
        /// Where what it takes begins.
        var start: Int
        /// Where it ends so far.
        var end: Int
    }

    /// Matches without recursion, in time that grows with the pattern times the path.
    ///
    /// Where the path does not go on as the pattern does, only the last wildcard can help: what an
    /// earlier one might take beyond its shortest run, the later one can take as well. But a `*`
    /// cannot take a slash, so the last `**` before it is a second way out. There, a `**` that ends
    /// elsewhere in the same segment leads to the same slash, so the next segment is tried; and
    /// where a `*` came to the path's end in vain, nothing that begins later does better.
    private func matchGlob(_ path: Span<UInt8>, _ captures: inout [Range<Int>]) -> Bool {
        let slash = UInt8(ascii: "/")
        var (token, offset) = (0, 0)
        var run: Choice?
        var deep: Choice?
        while token < tokens.count || offset < path.count {
            switch token < tokens.count ? tokens[token] : nil {
            case .literal(let byte) where offset < path.count && path[offset] == byte:
                (token, offset) = (token + 1, offset + 1)
                continue
            case .character(let capture) where offset < path.count && path[offset] != slash:
                let end = Self.endOfCharacter(in: path, at: offset)
                Self.note(capture, offset..<end, in: &captures)
                (token, offset) = (token + 1, end)
                continue
            case .run(let capture):
                run = Choice(token: token, capture: capture, start: offset, end: offset)
                Self.note(capture, offset..<offset, in: &captures)
                token += 1
                continue
            case .anything(let capture), .directories(let capture):
                deep = Choice(token: token, capture: capture, start: offset, end: offset)
                run = nil
                Self.note(capture, offset..<offset, in: &captures)
                token += 1
                continue
            case .literal, .character, nil: break
            }
            var choice: Choice
            if let last = run, last.end == path.count || path[last.end] != slash {
                guard last.end < path.count else { return false }
                choice = last
                choice.end = Self.endOfCharacter(in: path, at: last.end)
                run = choice
            } else {
                guard let last = deep, let end = next(after: last, in: path, hasRun: run != nil)
                else { return false }
                choice = last
                choice.end = end
                (deep, run) = (choice, nil)
            }
            let isDirectories = tokens[choice.token] == .directories(capture: choice.capture)
            Self.note(
                choice.capture, choice.start..<(choice.end - (isDirectories ? 1 : 0)),
                in: &captures)
            (token, offset) = (choice.token + 1, choice.end)
        }
        return true
    }

    /// Where a `**` may end that is to take more; nil if nowhere.
    private func next(after choice: Choice, in path: Span<UInt8>, hasRun: Bool) -> Int? {
        var end = choice.end
        guard end < path.count else { return nil }
        guard hasRun || tokens[choice.token] == .directories(capture: choice.capture) else {
            return Self.endOfCharacter(in: path, at: end)
        }
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        return end < path.count ? end + 1 : nil
    }

    private static func note(_ capture: Int?, _ range: Range<Int>, in captures: inout [Range<Int>])
    {
        guard let capture, capture < captures.count else { return }
        captures[capture] = range
    }

    /// The end of the UTF-8 character at an offset, or of the byte that begins none.
    private static func endOfCharacter(in path: Span<UInt8>, at offset: Int) -> Int {
        let count =
            switch path[offset] {
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 1
            }
        guard offset + count <= path.count else { return offset + 1 }
        for follower in (offset + 1)..<(offset + count) where path[follower] & 0xC0 != 0x80 {
            return offset + 1
        }
        return offset + count
    }
}
