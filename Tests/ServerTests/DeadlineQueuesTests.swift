import Linux
@testable import Server
import TestSupport
import Testing

@Suite("Deadlines of a loop")
struct DeadlineQueuesTests {
    private static func queues() -> DeadlineQueues {
        var queues = DeadlineQueues(capacity: 64)
        queues.setLength(of: .header, 10, now: Instant(nanoseconds: 0))
        queues.setLength(of: .idle, 60, now: Instant(nanoseconds: 0))
        queues.setLength(of: .transfer, 30, now: Instant(nanoseconds: 0))
        queues.setLength(of: .linger, 5, now: Instant(nanoseconds: 0))
        queues.setLength(of: .drain, 0, now: Instant(nanoseconds: 0))
        return queues
    }

    private static func popAll(_ queues: inout DeadlineQueues, _ now: Int) -> [Int] {
        var slots: [Int] = []
        while let (slot, _) = queues.popExpired(now: Instant(nanoseconds: now)) {
            slots.append(slot)
        }
        return slots
    }

    @Test("expire in the order of arming, not before their time")
    func order() {
        var queues = Self.queues()
        for (slot, time) in [(3, 100), (1, 101), (2, 102)] {
            queues.arm(slot, .header, now: Instant(nanoseconds: time))
        }
        #expect(queues.next == Instant(nanoseconds: 110))
        var expired = Self.popAll(&queues, 109)
        #expect(expired == [])
        expired = Self.popAll(&queues, 111)
        #expect(expired == [3, 1])
        #expect(queues.next == Instant(nanoseconds: 112))
        expired = Self.popAll(&queues, 200)
        #expect(expired == [2])
        #expect(queues.next == nil)
    }

    @Test("armed again, a slot has only the new one")
    func arming() {
        var queues = Self.queues()
        queues.arm(0, .header, now: Instant(nanoseconds: 0))
        queues.arm(1, .header, now: Instant(nanoseconds: 0))
        queues.arm(0, .idle, now: Instant(nanoseconds: 1))
        #expect(queues.slots(of: .header) == [1])
        #expect(queues.slots(of: .idle) == [0])
        var expired = Self.popAll(&queues, 20)
        #expect(expired == [1])
        expired = Self.popAll(&queues, 61)
        #expect(expired == [0])
    }

    @Test("disarmed, a slot has none; what was never armed can be disarmed")
    func disarming() {
        var queues = Self.queues()
        queues.disarm(7)
        for slot in 0..<5 { queues.arm(slot, .idle, now: Instant(nanoseconds: slot)) }
        for slot in [0, 4, 2, 2] { queues.disarm(slot) }
        #expect(queues.slots(of: .idle) == [1, 3])
        #expect(queues.next == Instant(nanoseconds: 61))
    }

    @Test("a length that a reload changes holds for what is armed too, where it is shorter")
    func lengthChange() {
        var queues = Self.queues()
        queues.arm(0, .idle, now: Instant(nanoseconds: 0))
        queues.arm(1, .idle, now: Instant(nanoseconds: 10))
        queues.setLength(of: .idle, 20, now: Instant(nanoseconds: 45))
        queues.arm(2, .idle, now: Instant(nanoseconds: 46))
        var expired = Self.popAll(&queues, 60)
        #expect(expired == [0])
        expired = Self.popAll(&queues, 65)
        #expect(expired == [1])
        expired = Self.popAll(&queues, 66)
        #expect(expired == [2])
        queues.arm(3, .idle, now: Instant(nanoseconds: 70))
        queues.setLength(of: .idle, 100, now: Instant(nanoseconds: 71))
        #expect(queues.next == Instant(nanoseconds: 90), "never longer")
    }

    @Test("with slack, a slot that is armed again soon is left where it is, and never ends early")
    func slack() {
        var queues = Self.queues()
        queues.setLength(of: .idle, 60, slack: 10, now: Instant(nanoseconds: 0))
        queues.arm(0, .idle, now: Instant(nanoseconds: 0))
        queues.arm(1, .idle, now: Instant(nanoseconds: 5))
        queues.arm(0, .idle, now: Instant(nanoseconds: 10))
        #expect(queues.slots(of: .idle) == [0, 1], "70 is not before 10 + 60")
        queues.arm(0, .idle, now: Instant(nanoseconds: 11))
        #expect(queues.slots(of: .idle) == [1, 0], "70 is before 11 + 60")
        var expired = Self.popAll(&queues, 74)
        #expect(expired == [])
        expired = Self.popAll(&queues, 75)
        #expect(expired == [1])
        expired = Self.popAll(&queues, 81)
        #expect(expired == [0])
        // Of another kind, it is armed anew.
        queues.arm(2, .header, now: Instant(nanoseconds: 90))
        queues.arm(2, .idle, now: Instant(nanoseconds: 91))
        #expect(queues.next == Instant(nanoseconds: 161))
        queues.disarm(2)
        queues.arm(2, .idle, now: Instant(nanoseconds: 92))
        #expect(queues.next == Instant(nanoseconds: 162))
        // A shorter length holds at once, for who is armed again too.
        queues.setLength(of: .idle, 20, slack: 2, now: Instant(nanoseconds: 100))
        #expect(queues.next == Instant(nanoseconds: 122))
        queues.arm(2, .idle, now: Instant(nanoseconds: 103))
        #expect(queues.next == Instant(nanoseconds: 125))
    }

    @Test("agree with a model in random runs", arguments: 1...20)
    func model(seed: UInt64) {
        struct Deadline {
            var kind: DeadlineKind
            var due: Int
            var number: Int
        }
        var lengths: [DeadlineKind: Int] = [
            .header: 10, .idle: 60, .transfer: 30, .linger: 5, .drain: 0,
        ]
        var generator = SeededGenerator(seed: seed)
        var queues = Self.queues()
        var model: [Int: Deadline] = [:]
        var now = 0
        for number in 0..<3000 {
            let slot = Int.random(in: 0..<40, using: &generator)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0...3:
                let kind = DeadlineKind.allCases.randomElement(using: &generator) ?? .idle
                queues.arm(slot, kind, now: Instant(nanoseconds: now))
                model[slot] = Deadline(
                    kind: kind, due: now + (lengths[kind] ?? 0), number: number)
            case 4:
                queues.disarm(slot)
                model[slot] = nil
            case 5:
                let expected = model.filter { $0.value.due <= now }
                    .sorted {
                        ($0.value.kind.rawValue, $0.value.number)
                            < ($1.value.kind.rawValue, $1.value.number)
                    }.map(\.key)
                let expired = Self.popAll(&queues, now)
                #expect(expired == expected, "seed \(seed), step \(number)")
                for slot in expired { model[slot] = nil }
            case 6 where number % 10 == 0:
                // As by a reload: what is armed ends no later than if it were armed now.
                let length = Int.random(in: 0...80, using: &generator)
                queues.setLength(of: .idle, length, now: Instant(nanoseconds: now))
                lengths[.idle] = length
                for (slot, deadline) in model where deadline.kind == .idle {
                    model[slot]?.due = min(deadline.due, now + length)
                }
            default:
                now += Int.random(in: 0...7, using: &generator)
            }
            #expect(queues.next?.nanoseconds == model.values.map(\.due).min())
        }
        for kind in DeadlineKind.allCases {
            let expected = model.filter { $0.value.kind == kind }
                .sorted { $0.value.number < $1.value.number }.map(\.key)
            #expect(queues.slots(of: kind) == expected, "seed \(seed)")
        }
    }
}
