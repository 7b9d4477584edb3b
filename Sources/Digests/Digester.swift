internal import COpenSSL

/// The digests that HTTP names and that are secure (RFC 9530 §5).
public enum DigestAlgorithm: String, Sendable, CaseIterable {
    /// SHA-256 (RFC 6234).
    case sha256 = "sha-256"
    /// SHA-512 (RFC 6234).
    case sha512 = "sha-512"
}

/// Makes the digest of bytes that come in pieces, by OpenSSL (EVP_DigestInit(3)).
///
/// One thread at a time.
@safe
public final class Digester {
    /// What it makes.
    public let algorithm: DigestAlgorithm
    private let context: OpaquePointer

    /// A digester of no bytes yet.
    public init(_ algorithm: DigestAlgorithm) {
        self.algorithm = algorithm
        let type =
            switch algorithm {
            case .sha256: unsafe EVP_sha256()
            case .sha512: unsafe EVP_sha512()
            }
        // It has no memory, or its installation is broken.
        guard let context = unsafe EVP_MD_CTX_new(),
            unsafe EVP_DigestInit_ex(context, type, nil) == 1
        else { fatalError("OpenSSL makes no \(algorithm.rawValue) digests") }
        unsafe self.context = context
    }

    private init(copying other: Digester) {
        algorithm = other.algorithm
        guard let context = unsafe EVP_MD_CTX_new(),
            unsafe EVP_MD_CTX_copy_ex(context, other.context) == 1
        else { fatalError("OpenSSL does not copy a digest") }
        unsafe self.context = context
    }

    deinit {
        unsafe EVP_MD_CTX_free(context)
    }

    /// Another one of the same bytes so far.
    public func copy() -> Digester {
        Digester(copying: self)
    }

    /// Adds bytes.
    public func update(_ bytes: Span<UInt8>) {
        let result = unsafe bytes.withUnsafeBytes { raw in
            unsafe EVP_DigestUpdate(context, raw.baseAddress, raw.count)
        }
        precondition(result == 1, "A digest takes any bytes.")
    }

    /// The digest of the bytes so far; more may be added.
    public func digest() -> [UInt8] {
        let last = copy()
        let count = algorithm == .sha256 ? 32 : 64
        // SAFETY: EVP_DigestFinal_ex writes as many bytes as the digest has.
        return unsafe Array(unsafeUninitializedCapacity: count) { buffer, initializedCount in
            let result = unsafe EVP_DigestFinal_ex(last.context, buffer.baseAddress, nil)
            precondition(result == 1, "A digest has an end.")
            initializedCount = count
        }
    }
}
