internal import Synchronization

/// Shows whether every loop turns, for the watchdog.
///
/// The supervisor asks each worker by its mailbox, and asks again only when all have answered; what
/// it needs for that is made when the process starts.
final class Heartbeat: Sendable {
    private let answered: [Answer]

    private final class Answer: Sendable {
        let hasAnswered = Atomic<Bool>(true)
    }

    init(workerCount: Int) {
        answered = (0..<workerCount).map { _ in Answer() }
    }

    /// A worker's answer.
    func beat(worker: Int) {
        answered[worker].hasAnswered.store(true, ordering: .releasing)
    }

    /// Whether every worker has answered since they were asked.
    var isComplete: Bool {
        answered.allSatisfy { $0.hasAnswered.load(ordering: .acquiring) }
    }

    /// Begins to wait for the next answers.
    func reset() {
        for answer in answered { answer.hasAnswered.store(false, ordering: .releasing) }
    }
}
