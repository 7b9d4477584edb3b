import Foundation
import Linux
import Testing

@Suite("Clocks")
struct ClockTests {
    @Test("readings are compared, added and subtracted in nanoseconds")
    func arithmetic() {
        let start = Instant(nanoseconds: 1_000)
        #expect(start + 500 == Instant(nanoseconds: 1_500))
        #expect((start + 500) - start == 500)
        #expect(start - (start + 500) == -500)
        #expect(start < start + 1)
        #expect(!(start < start))
    }

    @Test("time goes on, and never back")
    func monotonic() {
        var last = Instant.now
        let first = last
        for _ in 0..<1000 {
            let now = Instant.now
            #expect(now >= last)
            last = now
        }
        Linux.Thread.pause(milliseconds: 5)
        #expect(Instant.now - first >= 5_000_000)
    }

    @Test("the wall clock is that of everybody else")
    func wallClock() {
        let difference = Double(WallClock.now) / 1e9 - Date().timeIntervalSince1970
        #expect(abs(difference) < 5)
        let zone = TimeZone.current
        for seconds in [0, 1_700_000_000, 1_720_000_000] {
            let date = Date(timeIntervalSince1970: Double(seconds))
            #expect(WallClock.offsetFromUTC(at: seconds) == zone.secondsFromGMT(for: date))
        }
    }

    @Test("what the machine and the process are allowed")
    func limits() {
        #expect(ProcessLimits.usableProcessorCount >= 1)
        #expect(ProcessLimits.usableProcessorCount <= ProcessInfo.processInfo.processorCount)
        #expect(ProcessLimits.processID == Int(ProcessInfo.processInfo.processIdentifier))
        #expect(ProcessLimits.random() != ProcessLimits.random())
        #expect(ProcessLimits.raiseDescriptorLimit() >= 64)
    }
}
