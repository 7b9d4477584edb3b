import Digests
import Testing

@testable import Client

@Suite("Digest fields (RFC 9530)")
struct DigestFieldsTests {
    @Test(
        "byte sequences of the secure algorithms are read",
        arguments: [
            (["sha-256=:YQ==:"], [.sha256: "YQ"]), (["sha-256=:YQ:"], [.sha256: "YQ"]),
            (["sha-512=:YQ==:, sha-256=:Yg==:"], [.sha512: "YQ", .sha256: "Yg"]),
            (["sha-512=:YQ==:", "\tsha-256=:Yg==: "], [.sha512: "YQ", .sha256: "Yg"]),
            (["sha-256=:YQ==:;a;b=1"], [.sha256: "YQ"]), (["sha-256=::"], [.sha256: ""]),
            (["sha-256=:YQ==:,sha-256=:Yg==:"], [.sha256: "Yg"]),
            (["md5=:YQ==:, sha-256=:Yg==:"], [.sha256: "Yg"]), (["md5=:YQ==:"], [:]), ([], [:]),
        ] as [([String], [DigestAlgorithm: String])])
    func digests(values: [String], expected: [DigestAlgorithm: String]) {
        #expect(DigestFields.parse(values) == expected)
    }

    @Test(
        "a field that is no such dictionary is ignored as a whole",
        arguments: [
            "", "sha-256", "sha-256=", "sha-256=YQ==", "sha-256=:YQ==", "sha-256=\"YQ==\"",
            "SHA-256=:YQ==:", "sha-256 =:YQ==:", "sha-256=:Y Q:", "sha-256=:Y*:", "=:YQ==:",
            "sha-256=:YQ==:,", "sha-256=:YQ==:, x", "sha-256=:YQ==:x", "1a=:YQ==:",
        ])
    func malformed(value: String) {
        #expect(DigestFields.parse([value]) == [:])
    }

    @Test(
        "Base64 (RFC 4648 §10), without padding",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"), ("\u{FF}\u{FF}", "w7/Dvw"),
        ])
    func base64(text: String, expected: String) {
        #expect(DigestFields.base64(Array(text.utf8)) == expected)
    }
}
