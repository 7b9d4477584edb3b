/// What became of a reload: the content of the answer to `POST /v1/reload`.
public struct ReloadOutcome: Sendable, Equatable, Codable {
    /// Whether the new configuration is in force.
    public enum Result: String, Sendable, Codable, CaseIterable {
        /// It is in force.
        case ok
        /// It has errors; what was in force before still is.
        case refused
    }

    /// Whether the new configuration is in force.
    public var result: Result
    /// The generation in force now (`Status.Configuration.generation`).
    public var generation: Int
    /// The files that were read, in the order of reading.
    public var files: [String]
    /// Why it was refused, as `file:line:column: message`; empty where it was not.
    public var errors: [String]
    /// What will not be as the configuration says, as `file:line:column: message`.
    ///
    /// What a reload does not change, such as Workers=; a root that takes no uploads.
    public var notes: [String]

    /// An outcome.
    public init(
        result: Result, generation: Int, files: [String], errors: [String] = [],
        notes: [String] = []
    ) {
        self.result = result
        self.generation = generation
        self.files = files
        self.errors = errors
        self.notes = notes
    }

    /// Reads an outcome; without notes where there are none.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        result = try values.decode(Result.self, forKey: .result)
        generation = try values.decode(Int.self, forKey: .generation)
        files = try values.decode([String].self, forKey: .files)
        errors = try values.decode([String].self, forKey: .errors)
        notes = try values.decodeIfPresent([String].self, forKey: .notes) ?? []
    }

    /// The outcome as a JSON text.
    public var jsonBytes: [UInt8] {
        var bytes: [UInt8] = []
        json(into: &bytes)
        return bytes
    }

    /// Appends the outcome as a JSON text.
    public func json(into bytes: inout [UInt8]) {
        var writer = JSONWriter(appendingTo: bytes)
        writer.object { json in
            json.member("result", result.rawValue)
            json.member("generation", generation)
            json.member("files", files)
            json.member("errors", errors)
            json.member("notes", notes)
        }
        bytes = writer.bytes
    }
}
