import BasicContainers
import HTTP
import Testing

@Suite("RFC 9110 §14.6 multipart/byteranges")
struct MultipartByteRangesTests {
    private static let content = Array("0123456789".utf8)

    private func written(_ multipart: MultipartByteRanges) -> String {
        var output = Bytes()
        for (index, range) in multipart.ranges.enumerated() {
            multipart.appendPartHead(index, to: &output)
            output.append(copying: Self.content.span.extracting(range))
        }
        multipart.appendEnd(to: &output)
        #expect(output.count == multipart.byteCount)
        return output.span.text
    }

    @Test("parts are between delimiters, each with its type and range")
    func parts() {
        let multipart = MultipartByteRanges(
            [2..<5, 9..<10], of: 10, mediaType: Array("text/plain".utf8),
            boundary: (0xA0, .max))
        let expected = """
            --00000000000000a0ffffffffffffffff
            Content-Type: text/plain
            Content-Range: bytes 2-4/10

            234
            --00000000000000a0ffffffffffffffff
            Content-Type: text/plain
            Content-Range: bytes 9-9/10

            9
            --00000000000000a0ffffffffffffffff--

            """
        #expect(
            written(multipart)
                == expected.split(separator: "\n", omittingEmptySubsequences: false)
                .joined(separator: "\r\n"))
        var field = Bytes()
        multipart.appendContentType(to: &field)
        let text = field.span.text
        let boundary = "00000000000000a0ffffffffffffffff"
        #expect(text == "Content-Type: multipart/byteranges; boundary=\(boundary)\r\n")
    }

    @Test("a type that is not known is not said")
    func unknownType() {
        let multipart = MultipartByteRanges(
            [0..<1, 3..<4], of: 10, mediaType: [], boundary: (0, 0))
        let delimiter = "--" + String(repeating: "0", count: 32)
        #expect(
            written(multipart)
                == "\(delimiter)\r\nContent-Range: bytes 0-0/10\r\n\r\n0"
                + "\r\n\(delimiter)\r\nContent-Range: bytes 3-3/10\r\n\r\n3\r\n"
                + "\(delimiter)--\r\n")
    }

    @Test("the length is told also of what no memory holds")
    func large() {
        let half = Int.max / 2
        let multipart = MultipartByteRanges(
            [0..<half, half + 1..<half + 2], of: Int.max, mediaType: [], boundary: (1, 2))
        var heads = Bytes()
        multipart.appendPartHead(0, to: &heads)
        multipart.appendPartHead(1, to: &heads)
        multipart.appendEnd(to: &heads)
        #expect(multipart.byteCount == heads.count + half + 1)
    }
}
