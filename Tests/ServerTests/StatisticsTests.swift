@testable import Server
import TestSupport
import Testing

@Suite("Counters and durations")
struct StatisticsTests {
    @Test("percentiles are right to 6 %", arguments: 1...12)
    func percentiles(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let magnitude = Int(seed) * 2
        var histogram = LatencyHistogram()
        var values: [Int] = []
        for _ in 0..<Int.random(in: 1...3000, using: &generator) {
            let value = Int.random(in: 0..<(1 << magnitude), using: &generator)
            values.append(value)
            histogram.record(value)
        }
        values.sort()
        for share in [1, 10, 250, 500, 900, 990, 999, 1000] {
            let rank = (values.count * share + 999) / 1000
            let exact = values[rank - 1]
            let found = histogram.percentile(share) ?? -1
            #expect(found >= exact, "seed \(seed), \(share)")
            #expect(Double(found) <= Double(exact) * 1.0625, "seed \(seed), \(share)")
        }
        #expect(histogram.maximum == values.last)
        #expect(histogram.percentile(1000) == values.last)
    }

    @Test("none of nothing, and exact ones of small numbers")
    func small() {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(500) == nil)
        for value in 0...15 { histogram.record(value) }
        #expect(histogram.percentile(500) == 7)
        #expect(histogram.percentile(1000) == 15)
    }

    @Test("what is longer than any, or negative, is counted")
    func extremes() {
        var histogram = LatencyHistogram()
        histogram.record(Int.max)
        #expect(histogram.maximum == Int.max)
        #expect(histogram.percentile(500) != nil)
        histogram.record(-1)
        #expect(histogram.percentile(1) == 0)
    }

    @Test("two workers' are one")
    func addition() {
        var (first, second, both) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for value in 0..<500 {
            if value % 3 == 0 { first.record(value) } else { second.record(value) }
            both.record(value)
        }
        first.add(second)
        for share in stride(from: 0, through: 1000, by: 50) {
            #expect(first.percentile(share) == both.percentile(share))
        }
        var (one, two) = (Statistics(), Statistics())
        one.responsesByClass = [0, 1, 2, 3, 4, 5]
        two.responsesByClass = [0, 10, 20, 30, 40, 50]
        one.sentBytes = 7
        two.sentBytes = 70
        one.add(two)
        #expect(one.responsesByClass == [0, 11, 22, 33, 44, 55])
        #expect(one.requests == 165)
        #expect(one.sentBytes == 77)
    }
}
