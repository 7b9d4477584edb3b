internal import Configuration
internal import Control
internal import HTTP
internal import Linux
internal import Logging
internal import Synchronization
internal import Systemd

extension Supervisor {
    /// Reads the configuration and puts it in force in every worker, or changes nothing.
    func reload() -> (StatusCode, [UInt8]) {
        let (current, phase) = state.withLock { state in
            defer { if state.phase != .draining { state.phase = .reloading } }
            return (state.snapshot, state.phase)
        }
        guard phase != .draining else { return stoppingOutcome }
        ServiceNotification.reloading(at: .now)
        defer {
            let isStopping = state.withLock { state in
                if state.phase == .reloading { state.phase = phase }
                return state.phase == .draining
            }
            if !isStopping { ServiceNotification.ready(status: servingText) }
        }
        do throws(ConfigurationErrors) {
            let settings = try loader.loadSettings()
            let opening = LogOpening(settings.log, logger, inForce: current.accessLog)
            let snapshot = try Snapshot(
                settings, listeners: listeners, log: opening, generation: current.generation + 1)
            return publish(snapshot)
        } catch {
            return refuseReload(error, current)
        }
    }

    private func publish(_ snapshot: Snapshot) -> (StatusCode, [UInt8]) {
        let files = snapshot.settings.files
        let acknowledgement = Acknowledgement()
        for mailbox in mailboxes { mailbox.send(.snapshot(snapshot, acknowledgement)) }
        let answers = acknowledgement.wait(count: mailboxes.count, milliseconds: 30_000)
        state.withLock { state in
            state.snapshot = snapshot
            state.loaded = WallClock.now
            state.lastReload = Status.Reload()
            state.lastReload?.time = Timestamp.text(WallClock.now)
        }
        sweep(snapshot)
        workshop.setByteLimit(snapshot.settings.server.compressionCacheByteLimit)
        let generation = snapshot.generation
        guard answers.count == mailboxes.count else {
            let text = "\(mailboxes.count - answers.count) workers have not taken the configuration"
            logger.error("\(text)")
            return (
                .internalServerError,
                ReloadOutcome(
                    result: .refused, generation: generation, files: files, errors: [text]
                ).jsonBytes
            )
        }
        let notes = unchangedUntilRestart(snapshot.settings.server) + snapshot.notes
        for note in notes { logger.warning("\(note)") }
        logger.notice(
            "Configuration reloaded: generation \(generation), \(files.count) files",
            metadata: [
                "MESSAGE_ID": "\(MessageID.reloaded)", "CONFIG_GENERATION": "\(generation)",
                "CONFIG_FILES": "\(files.joined(separator: " "))",
            ])
        return (
            .ok,
            ReloadOutcome(result: .ok, generation: generation, files: files, notes: notes)
                .jsonBytes
        )
    }

    /// What was changed and stays as it was until the process is started anew.
    private func unchangedUntilRestart(_ settings: ServerSettings) -> [String] {
        var keys: [String] = []
        if settings.workers != initialSettings.workers { keys.append("Workers") }
        if settings.maxConnections != initialSettings.maxConnections {
            keys.append("MaxConnections")
        }
        return keys.map { key in
            Diagnostic(
                "a change of \(key)= takes effect when the daemon is restarted",
                at: settings.locations[key]
            ).description
        }
    }

    private func refuseReload(
        _ errors: ConfigurationErrors, _ current: Snapshot
    ) -> (StatusCode, [UInt8]) {
        let lines = errors.diagnostics.map(\.description)
        state.withLock { state in
            state.lastReload = Status.Reload()
            state.lastReload?.result = .refused
            state.lastReload?.time = Timestamp.text(WallClock.now)
            state.lastReload?.errors = lines
        }
        let text = lines.joined(separator: "\n")
        logger.error(
            "Reload refused, the configuration in force stays: \(text)",
            metadata: ["MESSAGE_ID": "\(MessageID.reloadRefused)", "CONFIG_ERRORS": "\(text)"])
        let outcome = ReloadOutcome(
            result: .refused, generation: current.generation, files: current.settings.files,
            errors: lines)
        return (.unprocessableContent, outcome.jsonBytes)
    }

    /// What those hear who ask for a reload when it is too late.
    var stoppingOutcome: (StatusCode, [UInt8]) {
        let snapshot = state.withLock { $0.snapshot }
        let outcome = ReloadOutcome(
            result: .refused, generation: snapshot.generation, files: snapshot.settings.files,
            errors: ["the daemon is stopping"])
        return (.serviceUnavailable, outcome.jsonBytes)
    }
}
