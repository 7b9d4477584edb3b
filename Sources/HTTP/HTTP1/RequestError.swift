/// Why a request is refused by its form alone; the connection ends behind the answer.
public struct RequestError: Error, Equatable, Sendable {
    /// The status to answer with.
    public let status: StatusCode
    /// One sentence for the person who reads the answer.
    public let reason: StaticString

    /// A refusal with a status and its reason.
    public init(_ status: StatusCode, _ reason: StaticString) {
        self.status = status
        self.reason = reason
    }

    /// Refused with 400.
    static func malformed(_ reason: StaticString) -> RequestError {
        RequestError(.badRequest, reason)
    }

    /// Whether both have the same status and reason.
    public static func == (first: RequestError, second: RequestError) -> Bool {
        first.status == second.status
            && first.reason.description == second.reason.description
    }
}
