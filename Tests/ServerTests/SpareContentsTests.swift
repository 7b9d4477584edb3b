import HTTP
import Testing

@testable import Server

@Suite("Buffers of uploads")
struct SpareContentsTests {
    private func expectPieces(
        of byteCount: Int, with running: Int, in spare: inout SpareContents
    ) -> [UploadContent] {
        let contents = (0..<running).map { _ in spare.take() }
        #expect(spare.pieceByteCount == byteCount)
        return contents
    }

    @Test("the fewer uploads run, the larger are their pieces")
    func pieces() {
        var spare = SpareContents()
        for (running, byteCount) in [
            (0, 1 << 20), (1, 1 << 20), (32, 1 << 20), (64, 512 << 10), (512, 64 << 10),
            (2000, 64 << 10),
        ] {
            let contents = expectPieces(of: byteCount, with: running, in: &spare)
            _ = consume contents
            #expect(spare.pieceByteCount == 1 << 20, "\(running) are over")
        }
    }

    @Test("what waits to be used again does not count, and comes back empty")
    func spares() {
        var spare = SpareContents()
        let contents = expectPieces(of: 512 << 10, with: 64, in: &spare)
        for content in contents {
            content.append([1, 2, 3].span, expectedByteCount: 3, pieceByteCount: 1 << 20)
            #expect(content.count == 3)
            spare.giveBack(content)
        }
        #expect(spare.pieceByteCount == 1 << 20)
        #expect(spare.take().count == 0)
    }
}
