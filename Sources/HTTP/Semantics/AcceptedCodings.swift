/// How well a peer accepts each content coding (RFC 9110 §12.5.3).
public struct AcceptedCodings: Sendable, BitwiseCopyable {
    /// By the coding's raw value: 0 where it is refused, 1 where it is accepted without being
    /// mentioned, which only identity is, else one more than its weight in thousandths.
    private var ranks: [4 of UInt16] = [1, 0, 0, 0]

    /// What a peer accepts that says nothing: identity.
    public init() {}

    /// What a peer prefers of what there is: the coding with the highest weight, of equal ones the
    /// first in the order, and identity last.
    ///
    /// - Parameters:
    ///   - available: the codings that there are; identity always is.
    ///   - order: ours; what it does not have is not considered.
    /// - Returns: nil where the peer accepts none of them, nor identity: 406.
    public func preferred(
        among available: ContentCodingSet, order: ContentCodingOrder
    ) -> ContentCoding? {
        var best: ContentCoding?
        var bestRank: UInt16 = 0
        // Behind the last stands identity.
        for place in 0...order.count {
            let coding = order[place]
            let rank = ranks[Int(coding.rawValue)]
            guard rank > bestRank, coding == .identity || available.contains(coding) else {
                continue
            }
            best = coding
            bestRank = rank
        }
        return best
    }

    /// Notes the weight of a coding; the first counts where one is there twice.
    fileprivate mutating func note(
        _ coding: ContentCoding, weight: UInt16, mentioned: inout ContentCodingSet
    ) {
        guard !mentioned.contains(coding) else { return }
        mentioned.insert(ContentCodingSet(coding))
        ranks[Int(coding.rawValue)] = weight > 0 ? weight + 1 : 0
    }
}

extension RequestHead {
    /// What the Accept-Encoding fields say; all their lines are one list (RFC 9110 §5.3).
    ///
    /// Elements that are malformed, and codings that are not known, are ignored.
    public func acceptedCodings(in bytes: Span<UInt8>) -> AcceptedCodings {
        var accepted = AcceptedCodings()
        guard has(.acceptEncoding) else { return accepted }
        var mentioned: ContentCodingSet = []
        var weightOfOthers: UInt16?
        forEachValue(.acceptEncoding, in: bytes) { extent in
            var list = ListReader(bytes.extracting(extent.range))
            while let element = list.next() {
                let end = element.offset(of: 0x3B)
                let token = element.extracting(0..<end).trimmed()
                var weight: UInt16 = 1000
                if end < element.count {
                    let parameter = element.extracting(end &+ 1..<element.count).trimmed()
                    guard let value = Weight.thousandths(parameter: parameter) else { continue }
                    weight = value
                }
                if token.equals("*") {
                    weightOfOthers = weightOfOthers ?? weight
                } else if let coding = ContentCoding(token: token) {
                    accepted.note(coding, weight: weight, mentioned: &mentioned)
                }
            }
        }
        if let weightOfOthers {
            for coding in ContentCoding.allCases {
                accepted.note(coding, weight: weightOfOthers, mentioned: &mentioned)
            }
        }
        return accepted
    }
}
