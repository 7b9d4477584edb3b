internal import Digests
internal import Linux

/// How a download goes on where an earlier one broke off, without ever joining two versions.
///
/// A part is kept only of a response that tells its version: 200 with a strong entity tag and a
/// length, not coded (`PartRecord.Version`). To go on, the rest is asked for on the condition that
/// the version is the same (If-Range), and what comes is believed only where it says that it is:
/// 206 with the same tag, the same length, and the very range. Everything else starts anew.
extension Session {
    func getContinuing(
        _ target: RequestTarget, from server: ServerURL, to path: String
    ) throws(ClientError) -> Download {
        if let status = try? FileStatus(path: path), status.kind == .other {
            return try getWhole(target, from: server, to: path, because: "it is no regular file")
        }
        switch try PartialFile.open(for: path) {
        case .impossible(let reason):
            return try getWhole(target, from: server, to: path, because: reason)
        case .opened(var partial):
            if let download = try goOn(with: &partial, target, from: server, to: path) {
                return download
            }
            var begun = try begin(Self.request(for: target), at: server)
            return try startAnew(&partial, with: &begun, from: server, to: path)
        }
    }

    private func getWhole(
        _ target: RequestTarget, from server: ServerURL, to path: String, because reason: String
    ) throws(ClientError) -> Download {
        observer.note?("\(path) cannot be continued if it breaks off: \(reason)")
        return try get(target, from: server, to: .file(path: path))
    }

    /// Asks for what is missing.
    ///
    /// - Returns: nil where nothing can be continued and nothing has come.
    private func goOn(
        with partial: inout PartialFile, _ target: RequestTarget, from server: ServerURL,
        to path: String
    ) throws(ClientError) -> Download? {
        guard let version = partial.version else { return nil }
        guard version.url.hasPrefix("\(TerminalText.escape(server.description)) /") else {
            observer.note?("\(partial.path) is of \(version.url); starting anew")
            return nil
        }
        if partial.byteCount == version.byteCount {
            return try confirm(&partial, version, target, from: server)
        }
        var request = Self.request(for: target)
        request.fields += [
            .init(name: "Range", value: "bytes=\(partial.byteCount)-"),
            .init(name: "If-Range", value: version.tag),
        ]
        var begun = try begin(request, at: server)
        switch begun.head.status {
        case 206:
            if let reason = contradiction(begun, partial.byteCount, of: version, from: server) {
                observer.note?("\(reason); starting anew")
                return nil
            }
            return try append(&begun, to: &partial, version)
        case 200 where Self.version(of: begun, from: server) == .success(version):
            observer.note?("the server sends no parts; what is there is compared")
            return try append(&begun, to: &partial, version, isWhole: true)
        case 200..<300:
            observer.note?("\(begun.target) is not any more what was begun; starting anew")
            return try startAnew(&partial, with: &begun, from: server, to: path)
        case 416:
            observer.note?("\(begun.target) has no such part any more; starting anew")
            return nil
        default:
            return try refused(&begun)
        }
    }

    /// Makes sure that what is whole already is still what the server has.
    private func confirm(
        _ partial: inout PartialFile, _ version: PartRecord.Version, _ target: RequestTarget,
        from server: ServerURL
    ) throws(ClientError) -> Download? {
        var begun = try begin(Self.request(method: "HEAD", for: target), at: server)
        switch begun.head.status {
        case 200 where Self.version(of: begun, from: server) == .success(version):
            return try finish(&partial, begun, earlierByteCount: partial.byteCount)
        case 200..<300:
            observer.note?("\(begun.target) is not any more what was begun; starting anew")
            return nil
        case 405, 501:
            return try confirmByLastByte(&partial, version, target, from: server)
        default:
            return try refused(&begun)
        }
    }

    /// As `confirm`, with a server that has no HEAD.
    private func confirmByLastByte(
        _ partial: inout PartialFile, _ version: PartRecord.Version, _ target: RequestTarget,
        from server: ServerURL
    ) throws(ClientError) -> Download? {
        var request = Self.request(for: target)
        request.fields += [
            .init(name: "Range", value: "bytes=\(version.byteCount - 1)-"),
            .init(name: "If-Range", value: version.tag),
        ]
        var begun = try begin(request, at: server)
        guard begun.head.status < 300 else { return try refused(&begun) }
        let isSame =
            begun.head.status == 206
            ? contradiction(begun, version.byteCount - 1, of: version, from: server) == nil
            : Self.version(of: begun, from: server) == .success(version)
        guard isSame else {
            observer.note?("\(begun.target) is not any more what was begun; starting anew")
            return nil
        }
        return try finish(&partial, begun, earlierByteCount: partial.byteCount)
    }

    /// Why a 206 is not the rest of what is there; nil where it is.
    private func contradiction(
        _ begun: borrowing Begun, _ byteCount: Int, of version: PartRecord.Version,
        from server: ServerURL
    ) -> String? {
        let head = begun.head
        if Self.url(of: begun.target, on: server) != version.url {
            return "\(begun.target) is another target than before"
        }
        if head.values(of: "ETag") != [version.tag] {
            return "the server sent a part of another version"
        }
        if let coding = head.contentCoding {
            return "the server sent a part that is coded (\(coding))"
        }
        if head.mediaType == "multipart/byteranges" {
            return "the server sent several parts"
        }
        let ranges = head.values(of: "Content-Range")
        let expected = byteCount...(version.byteCount - 1)
        guard ranges.count == 1, let range = ContentRange(ranges[0]), range.range == expected,
            range.total == version.byteCount,
            begun.exchange.contentLength ?? expected.count == expected.count
        else { return "the server sent another part than the one asked for" }
        return nil
    }

    private func append(
        _ begun: inout Begun, to partial: inout PartialFile, _ version: PartRecord.Version,
        isWhole: Bool = false
    ) throws(ClientError) -> Download {
        let earlier = partial.byteCount
        try partial.goOn()
        let verification = ContentVerification(part: begun.head)
        try receive(
            &begun, into: &partial, version, verification, repeated: isWhole ? earlier : 0)
        return try finish(
            &partial, begun, earlierByteCount: earlier, digests: verification.algorithms)
    }

    /// Gives the whole its name, when it is what the server announced.
    private func finish(
        _ partial: inout PartialFile, _ begun: borrowing Begun, earlierByteCount: Int,
        digests: [String] = []
    ) throws(ClientError) -> Download {
        var digests = Set(digests)
        do throws(ClientError) {
            digests.formUnion(
                try ContentVerification.check(
                    representation: { (algorithm) throws(ClientError) in
                        try partial.digest(algorithm)
                    }, against: begun.head))
        } catch {
            partial.remove()
            throw error
        }
        let byteCount = partial.byteCount
        try partial.publish()
        return Download(
            response: begun.stored(byteCount: byteCount), isStored: true,
            earlierByteCount: earlierByteCount, digests: digests.sorted())
    }

    /// Takes a response to a request for the whole.
    private func startAnew(
        _ partial: inout PartialFile, with begun: inout Begun, from server: ServerURL,
        to path: String
    ) throws(ClientError) -> Download {
        guard begun.head.isSuccessful else { return try refused(&begun) }
        let version: PartRecord.Version
        switch Self.version(of: begun, from: server) {
        case .success(let found):
            version = found
        case .failure(let reason):
            observer.note?("\(path) cannot be continued if it breaks off: \(reason.text)")
            // What is there goes only when something has come in its place.
            let download = try store(&begun, at: .file(path: path))
            partial.remove()
            return download
        }
        try partial.begin(version)
        let verification = ContentVerification(part: begun.head)
        try receive(&begun, into: &partial, version, verification)
        return try finish(
            &partial, begun, earlierByteCount: 0, digests: verification.algorithms)
    }

    /// Receives content to its end; what came is kept where something breaks off.
    ///
    /// - Parameters:
    ///   - begun: the exchange.
    ///   - partial: where it goes.
    ///   - version: what it is a version of.
    ///   - verification: what the response says of its content.
    ///   - repeated: how many bytes come again that are there; they must be the same.
    /// - Throws: `notVerified` where they are not, or too many come; and why it broke off.
    private func receive(
        _ begun: inout Begun, into partial: inout PartialFile, _ version: PartRecord.Version,
        _ verification: ContentVerification, repeated: Int = 0
    ) throws(ClientError) {
        do throws(ClientError) {
            let earlier = partial.byteCount
            var left = repeated
            let again = Digester(.sha256)
            try begun.exchange.readContent(behind: earlier - repeated) {
                (piece) throws(ClientError) in
                let known = min(left, piece.count)
                guard partial.byteCount + piece.count - known <= version.byteCount else {
                    throw .notVerified("more content came than the server announced")
                }
                verification.update(piece)
                if known > 0 {
                    again.update(piece.extracting(0..<known))
                    left -= known
                    if left == 0, try again.digest() != partial.digest(.sha256) {
                        throw .notVerified("other bytes came than before under the same tag")
                    }
                }
                try partial.append(piece.extracting(known..<piece.count))
                return true
            }
            guard partial.byteCount == version.byteCount else {
                throw .incomplete(received: partial.byteCount, expected: version.byteCount)
            }
            try verification.finish()
        } catch {
            switch error {
            case .connectionLost, .timedOut, .incomplete, .file, .malformedResponse:
                guard partial.byteCount > 0 else { break }
                observer.note?(
                    "\(partial.byteCount) of \(version.byteCount) bytes are kept in "
                        + "\(partial.path); get --continue goes on from there")
            default:
                partial.remove()
            }
            throw error
        }
    }

    /// Why a response cannot be continued.
    private struct Unversioned: Error, Equatable {
        let text: String
    }

    /// The version that a response to a request for the whole is of.
    private static func version(
        of begun: borrowing Begun, from server: ServerURL
    ) -> Result<PartRecord.Version, Unversioned> {
        let head = begun.head
        let tags = head.values(of: "ETag")
        if head.status != 200 {
            return .failure(Unversioned(text: "the server answered with \(head.statusText)"))
        }
        if tags.isEmpty {
            return .failure(Unversioned(text: "the server gives it no entity tag"))
        }
        guard tags.count == 1, EntityTags.isStrong(tags[0]) else {
            let kind = tags[0].hasPrefix("W/") ? "weak" : "not valid"
            return .failure(Unversioned(text: "its entity tag is \(kind)"))
        }
        guard let length = begun.exchange.contentLength else {
            return .failure(Unversioned(text: "the server does not say how long it is"))
        }
        if let coding = head.contentCoding {
            return .failure(Unversioned(text: "it is coded (\(coding))"))
        }
        return .success(
            PartRecord.Version(
                url: url(of: begun.target, on: server), tag: tags[0], byteCount: length))
    }

    private static func url(of target: RequestTarget, on server: ServerURL) -> String {
        // No target has a space: where the path of a socket ends and the target begins is sure.
        "\(TerminalText.escape(server.description)) \(target)"
    }
}
