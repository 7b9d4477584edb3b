/// The forms that the content of an error has.
public enum ErrorForm: UInt8, Sendable, CaseIterable {
    /// A line of text.
    case text
    /// A short page.
    case html
    /// Problem details (RFC 9457).
    case problem

    /// The form that an Accept field prefers (RFC 9110 §12.5.1); text where it says nothing of the
    /// kind, and where it accepts none of them, since an error without content helps nobody.
    ///
    /// - Parameter accept: the field value.
    public init(accept: Span<UInt8>) {
        let text = MediaRange.quality(of: "text", "plain", in: accept)
        let html = MediaRange.quality(of: "text", "html", in: accept)
        let problem = max(
            MediaRange.quality(of: "application", "problem+json", in: accept),
            MediaRange.quality(of: "application", "json", in: accept))
        // Of equal ones the plainest.
        if text >= html, text >= problem {
            self = .text
        } else {
            self = html >= problem ? .html : .problem
        }
    }

    /// Whether an Accept field accepts a page (text/html) at all.
    public static func acceptsPage(_ accept: Span<UInt8>) -> Bool {
        MediaRange.quality(of: "text", "html", in: accept).quality > 0
    }
}

/// The forms that the listing of a directory has.
public enum ListingForm: UInt8, Sendable, CaseIterable {
    case html, json

    /// The form that an Accept field prefers (RFC 9110 §12.5.1); HTML where it prefers neither.
    ///
    /// - Parameter accept: the field value.
    public init(accept: Span<UInt8>) {
        let html = MediaRange.quality(of: "text", "html", in: accept)
        let json = MediaRange.quality(of: "application", "json", in: accept)
        self = json > html ? .json : .html
    }
}

/// How well a media type is accepted.
struct MediaRange: Comparable {
    /// In thousandths.
    var quality = 0
    /// 3 where the type was named, 2 where its type with any subtype, 1 where any; 0 where none.
    var precision = 0

    static func < (first: MediaRange, second: MediaRange) -> Bool {
        (first.quality, first.precision) < (second.quality, second.precision)
    }

    /// What an Accept field says of a media type: the most particular range that it is in counts.
    static func quality(
        of type: StaticString, _ subtype: StaticString, in accept: Span<UInt8>
    ) -> MediaRange {
        var best = MediaRange()
        var list = ListReader(accept)
        while let element = list.next() {
            let end = element.offset(of: 0x3B)
            let range = element.extracting(0..<end).trimmed()
            let slash = range.offset(of: 0x2F)
            guard slash < range.count else { continue }
            let first = range.extracting(0..<slash)
            let second = range.extracting(slash &+ 1..<range.count)
            let precision: Int
            if first.equalsIgnoringCase(type), second.equalsIgnoringCase(subtype) {
                precision = 3
            } else if first.equalsIgnoringCase(type), second.equals("*") {
                precision = 2
            } else if first.equals("*"), second.equals("*") {
                precision = 1
            } else {
                continue
            }
            guard precision > best.precision else { continue }
            best = MediaRange(
                quality: weight(element.extracting(end..<element.count)), precision: precision)
        }
        // What is refused is no better for being named.
        return best.quality > 0 ? best : MediaRange()
    }

    /// The weight among the parameters of an element, in thousandths; 1000 where there is none that
    /// is well-formed.
    private static func weight(_ parameters: Span<UInt8>) -> Int {
        var rest = parameters
        while rest.count > 0 {
            let parameter = rest.extracting(1..<rest.count)
            let end = parameter.offset(of: 0x3B)
            if let weight = Weight.thousandths(parameter: parameter.extracting(0..<end).trimmed()) {
                return Int(weight)
            }
            rest = parameter.extracting(end..<parameter.count)
        }
        return 1000
    }
}

/// The relative weight of what a peer accepts (RFC 9110 §12.4.2).
enum Weight {
    /// What a parameter says, in thousandths, 0…1000; nil where it is no weight or malformed.
    static func thousandths(parameter: Span<UInt8>) -> UInt16? {
        guard parameter.count >= 3, parameter[0].lowercased == 0x71, parameter[1] == 0x3D,
            parameter[2] & 0xFE == 0x30
        else { return nil }
        var value = UInt16(parameter[2] & 1) * 1000
        guard parameter.count > 3 else { return value }
        guard parameter[3] == 0x2E, parameter.count <= 7 else { return nil }
        var scale: UInt16 = 100
        for index in 4..<parameter.count {
            guard parameter[index].isDigit else { return nil }
            value += UInt16(parameter[index] &- 0x30) * scale
            scale /= 10
        }
        return value <= 1000 ? value : nil
    }
}

extension Span<UInt8> {
    /// The offset of the first byte of that value; `count` where there is none.
    func offset(of byte: UInt8) -> Int {
        var offset = 0
        while offset < count, self[offset] != byte { offset &+= 1 }
        return offset
    }
}
