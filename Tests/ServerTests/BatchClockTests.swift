import BasicContainers
import Foundation
import HTTP
import Linux
@testable import Server
import Testing

@Suite("The time of a batch")
struct BatchClockTests {
    @Test("its texts say its time")
    func texts() throws {
        let clock = BatchClock()
        #expect(clock.seconds == clock.wall / 1_000_000_000)
        let date = clock.dateText.span.text
        let bytes = Array(date.utf8)
        let parsed = HTTPDate(parsing: bytes.span, now: clock.date)
        #expect(parsed == clock.date)
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "'['dd/MMM/yyyy:HH:mm:ss Z']'"
        let log = clock.logText.span.text
        #expect(
            log == formatter.string(from: Date(timeIntervalSince1970: Double(clock.seconds))))
    }

    @Test("goes on when it is asked to, and only then")
    func update() {
        var clock = BatchClock()
        let before = (clock.now, clock.wall)
        Linux.Thread.pause(milliseconds: 25)
        #expect(clock.now == before.0)
        clock.update()
        #expect(clock.now > before.0)
        #expect(clock.wall > before.1)
    }
}
