/// Something that is wrong in the configuration, in the form that editors and compilers share.
public struct Diagnostic: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where; nil where it concerns no line of a file.
    public var location: SourceLocation?
    /// What is wrong and what to do.
    public var message: String

    /// Something that is wrong at a place.
    public init(_ message: String, at location: SourceLocation?) {
        self.message = message
        self.location = location
    }

    /// `file:line:column: message`.
    public var description: String {
        guard let location else { return message }
        return "\(location.file):\(location.line):\(location.column): \(message)"
    }
}
