import BasicContainers
import HTTP
import Testing

@Suite("RFC 9112 §4, §5 response heads")
struct ResponseHeadWriterTests {
    @Test("a head, field by field")
    func head() {
        var output = Bytes()
        output.appendStatusLine(.partialContent)
        output.appendField("Server", "x")
        output.appendField("Content-Length", 0)
        output.appendField("Last-Modified", HTTPDate(seconds: 784_111_777))
        output.appendField("ETag", EntityTag(1, 2, isWeak: true))
        let value = Array("text/html".utf8)
        output.appendField("Content-Type", value.span)
        output.appendEndOfFields()
        let text = output.span.text
        #expect(
            text == """
                HTTP/1.1 206 Partial Content\r
                Server: x\r
                Content-Length: 0\r
                Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r
                ETag: W/"1-2"\r
                Content-Type: text/html\r
                \r

                """)
    }

    @Test(
        "Connection where the version's default does not say it (§9.3)",
        arguments: [
            (true, 1, ""), (false, 1, "Connection: close\r\n"),
            (true, 0, "Connection: keep-alive\r\n"), (false, 0, "Connection: close\r\n"),
        ] as [(Bool, UInt8, String)])
    func connection(isPersistent: Bool, minorVersion: UInt8, expected: String) {
        var output = Bytes()
        output.appendConnection(persistent: isPersistent, minorVersion: minorVersion)
        let text = output.span.text
        #expect(text == expected)
    }

    @Test("status codes: class and phrase (RFC 9110 §15)")
    func statusCodes() {
        #expect(StatusCode.ok.classDigit == 2)
        #expect(StatusCode.insufficientStorage.classDigit == 5)
        #expect(StatusCode.requestHeaderFieldsTooLarge.rawValue == 431)
        #expect(StatusCode.notFound.reasonPhrase.description == "Not Found")
        #expect(StatusCode(rawValue: 599).reasonPhrase.description == "Status")
    }
}
