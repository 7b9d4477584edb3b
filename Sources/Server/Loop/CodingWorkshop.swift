internal import Codings
internal import Content
internal import HTTP
internal import Linux

/// What content codings need that takes long: compressing, and comparing siblings with their files.
///
/// Of one version of a file each is done once, for all workers.
final class CodingWorkshop: Sendable {
    /// What became of compressing a file.
    enum Result: Sendable {
        case coded(CodedContent)
        /// It would not be smaller.
        case useless
    }

    private struct ContentKey: Hashable {
        let file: FileVersion
        let coding: ContentCoding
    }

    private struct SiblingKey: Hashable {
        let sibling: FileVersion
        let file: FileVersion
    }

    /// What a result costs beside its bytes.
    private static let entryByteCount = 256

    private let contents: SharedResults<ContentKey, Result>
    private let verdicts = SharedResults<SiblingKey, Bool>(limit: 16384 * entryByteCount)
    private let pool: BlockingPool
    private let fingerprints: [UInt64]

    /// A workshop with threads of its own, so that no other work waits for it.
    init(byteLimit: Int, threadCount: Int) throws(Errno) {
        contents = SharedResults(limit: byteLimit)
        pool = try BlockingPool("coding", threadCount: threadCount)
        fingerprints = ContentCoding.allCases.map { ContentEncoder.fingerprint(of: $0) }
    }

    /// How many contents are kept, their bytes, and how many were ever made.
    var usage: (count: Int, cost: Int, made: Int) { contents.usage }

    /// Gives contents more or less room.
    func setByteLimit(_ limit: Int) {
        contents.setLimit(limit)
    }

    /// Tells contents of one coding apart that different versions of a library would make.
    func fingerprint(of coding: ContentCoding) -> UInt64 {
        fingerprints[Int(coding.rawValue)]
    }

    /// What became of compressing a file, if that was done.
    func content(of file: FileStatus, _ coding: ContentCoding) -> Result? {
        contents.find(ContentKey(file: FileVersion(file), coding: coding))
    }

    /// Has a file compressed.
    func makeContent(
        of file: OpenFile, _ coding: ContentCoding, notify: @escaping @Sendable () -> Void
    ) {
        let key = ContentKey(file: FileVersion(file.status), coding: coding)
        contents.request(
            key, in: pool,
            {
                // A file that changed meanwhile is another one.
                guard let content = WholeFile.read(file, mayBlock: true) else { return nil }
                guard let coded = ContentEncoder.encode(content.span, as: coding) else {
                    return (.useless, cost: Self.entryByteCount)
                }
                return (.coded(CodedContent(coded)), cost: coded.count + Self.entryByteCount)
            }, notify: notify)
    }

    /// Whether a sibling holds what its file holds, if that was found out.
    func verdict(of sibling: FileStatus, on file: FileStatus) -> Bool? {
        verdicts.find(SiblingKey(sibling: FileVersion(sibling), file: FileVersion(file)))
    }

    /// Has a sibling compared with its file.
    func check(
        _ sibling: OpenFile, _ coding: ContentCoding, against file: OpenFile,
        decodedByteLimit: Int, notify: @escaping @Sendable () -> Void
    ) {
        let key = SiblingKey(sibling: FileVersion(sibling.status), file: FileVersion(file.status))
        verdicts.request(
            key, in: pool,
            {
                let isFaithful = SiblingCheck.isFaithful(
                    sibling, coding, to: file, decodedByteLimit: decodedByteLimit)
                guard (try? sibling.descriptor.status()) == sibling.status,
                    (try? file.descriptor.status()) == file.status
                else { return nil }
                return (isFaithful, cost: Self.entryByteCount)
            }, notify: notify)
    }
}
