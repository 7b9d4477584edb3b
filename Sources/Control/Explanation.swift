/// What a request would get, and why: the content of the answer to `POST /v1/explain`.
public struct Explanation: Sendable, Equatable, Codable {
    /// The listener that the request is taken to come by.
    public var listener = ""
    /// The site that it goes to; nil where it is refused before one is chosen.
    public var site: String?
    /// The pattern of the `[Path …]` section that decides; nil where none does.
    public var rule: String?
    /// The file that is sent, stored or removed, relative to the site's root; nil where none is.
    public var file: String?
    /// The coding of the content (`gzip`, `br`, `zstd`); nil where it has none.
    public var coding: String?
    /// The status code.
    public var status = 0
    /// The reason phrase.
    public var reason = ""
    /// The response's fields, in their order.
    public var fields: [Field] = []
    /// Bytes of the response's content; nil where that is known only when it is made.
    public var contentByteCount: Int?
    /// How it came to this, in the order of the decisions.
    public var steps: [Step] = []

    /// Nothing yet; to be filled in.
    public init() {}

    /// Appends a step.
    public mutating func note(_ part: Step.Part, _ result: String, why: String) {
        steps.append(Step(part: part, result: result, why: why))
    }

    private enum CodingKeys: String, CodingKey {
        case listener, site, rule, file, coding, status, reason, fields, steps
        case contentByteCount = "content_bytes"
    }
}

extension Explanation {
    /// A field of the response (RFC 9110 §5).
    public struct Field: Sendable, Equatable, Codable {
        /// Its name, in the spelling that is sent.
        public var name: String
        /// Its value.
        public var value: String

        /// A field.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A decision.
    public struct Step: Sendable, Equatable, Codable {
        /// What is decided.
        public enum Part: String, Sendable, Codable, CaseIterable {
            /// By which listener the request comes.
            case listener
            /// Which site it goes to.
            case site
            /// Which `[Path …]` section holds.
            case rule
            /// Which file it is about.
            case file
            /// Which coding its content has.
            case coding
            /// Whether a precondition holds (RFC 9110 §13).
            case precondition
            /// Which part is sent (RFC 9110 §14).
            case range
            /// Whether the method is allowed there.
            case method
            /// What is answered.
            case answer
        }

        /// What is decided.
        public var part: Part
        /// What comes of it: a name, a path, a word.
        public var result: String
        /// Why, in a sentence.
        public var why: String

        /// A step.
        public init(part: Part, result: String, why: String) {
            self.part = part
            self.result = result
            self.why = why
        }
    }
}

extension Explanation {
    /// The explanation as a JSON text.
    public var jsonBytes: [UInt8] {
        var bytes: [UInt8] = []
        json(into: &bytes)
        return bytes
    }

    /// Appends the explanation as a JSON text.
    public func json(into bytes: inout [UInt8]) {
        var writer = JSONWriter(appendingTo: bytes)
        writer.object { json in
            json.member("listener", listener)
            json.member("site", site)
            json.member("rule", rule)
            json.member("file", file)
            json.member("coding", coding)
            json.member("status", status)
            json.member("reason", reason)
            json.name("fields")
            json.array { json in
                for field in fields { field.write(into: &json) }
            }
            json.member("content_bytes", contentByteCount)
            json.name("steps")
            json.array { json in
                for step in steps { step.write(into: &json) }
            }
        }
        bytes = writer.bytes
    }
}

extension Explanation.Field {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("value", value)
        }
    }
}

extension Explanation.Step {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("part", part.rawValue)
            json.member("result", result)
            json.member("why", why)
        }
    }
}
