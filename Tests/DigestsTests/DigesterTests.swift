import Digests
import Testing

@Suite("Digests")
struct DigesterTests {
    /// The examples of FIPS 180-4, from NIST.
    @Test(
        "are those of the standard, whatever pieces the bytes come in",
        arguments: [
            (
                DigestAlgorithm.sha256, "",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            ),
            (.sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                .sha512, "abc",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                    + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            ),
        ])
    func standard(algorithm: DigestAlgorithm, text: String, expected: String) {
        for size in 1...3 {
            let digester = Digester(algorithm)
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                digester.update(Array(rest.prefix(size)).span)
                rest = rest.dropFirst(size)
            }
            #expect(hexadecimal(digester.digest()) == expected)
        }
    }

    @Test("go on after they were asked, and apart from their copies")
    func goingOn() {
        let digester = Digester(.sha256)
        digester.update(Array("a".utf8).span)
        _ = digester.digest()
        let copy = digester.copy()
        digester.update(Array("bc".utf8).span)
        copy.update(Array("x".utf8).span)
        let whole = Digester(.sha256)
        whole.update(Array("abc".utf8).span)
        #expect(digester.digest() == whole.digest())
        #expect(copy.digest() != whole.digest())
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
