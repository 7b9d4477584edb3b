extension Status {
    /// The status as a JSON text.
    public var jsonBytes: [UInt8] {
        var bytes: [UInt8] = []
        json(into: &bytes)
        return bytes
    }

    /// Appends the status as a JSON text.
    public func json(into bytes: inout [UInt8]) {
        var writer = JSONWriter(appendingTo: bytes)
        write(into: &writer)
        bytes = writer.bytes
    }

    private func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("state", state.rawValue)
            json.member("version", version)
            json.member("pid", pid)
            json.member("since", since)
            json.member("uptime_seconds", uptimeSeconds)
            json.name("config")
            config.write(into: &json)
            json.name("listeners")
            json.array { json in
                for element in listeners { element.write(into: &json) }
            }
            json.name("sites")
            json.array { json in
                for element in sites { element.write(into: &json) }
            }
            json.name("workers")
            json.array { json in
                for element in workers { element.write(into: &json) }
            }
            json.name("connections")
            connections.write(into: &json)
            json.name("requests")
            requests.write(into: &json)
            json.name("bytes")
            bytes.write(into: &json)
            json.name("latency_usec")
            latency.write(into: &json)
            json.name("cache")
            cache.write(into: &json)
            json.name("compression")
            compression.write(into: &json)
            json.name("uploads")
            uploads.write(into: &json)
            json.name("log")
            log.write(into: &json)
        }
    }
}

extension Status.Configuration {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("files", files)
            json.member("generation", generation)
            json.member("loaded", loaded)
            json.name("last_reload")
            if let lastReload { lastReload.write(into: &json) } else { json.null() }
        }
    }
}

extension Status.Reload {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("result", result.rawValue)
            json.member("time", time)
            json.member("errors", errors)
        }
    }
}

extension Status.Listener {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("address", address)
        }
    }
}

extension Status.Site {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("server_names", serverNames)
            json.member("root", root)
            json.name("upload")
            json.boolean(upload)
        }
    }
}

extension Status.Worker {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("connections", connections)
            json.member("requests", requests)
        }
    }
}

extension Status.Connections {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("open", open)
            json.member("idle", idle)
            json.member("active", active)
            json.member("accepted", accepted)
            json.member("refused", refused)
            json.member("limit", limit)
        }
    }
}

extension Status.Requests {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("total", total)
            json.member("informational", informational)
            json.member("successful", successful)
            json.member("redirection", redirection)
            json.member("client_error", clientError)
            json.member("server_error", serverError)
        }
    }
}

extension Status.Bytes {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("received", received)
            json.member("sent", sent)
        }
    }
}

extension Status.Latency {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("p50", p50)
            json.member("p90", p90)
            json.member("p99", p99)
            json.member("p999", p999)
            json.member("max", max)
        }
    }
}

extension Status.Cache {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("entries", entries)
            json.member("bytes", bytes)
            json.member("limit", limit)
            json.member("hits", hits)
            json.member("misses", misses)
        }
    }
}

extension Status.Compression {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("entries", entries)
            json.member("bytes", bytes)
            json.member("limit", limit)
            json.member("made", made)
        }
    }
}

extension Status.Uploads {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("completed", completed)
            json.member("failed", failed)
            json.member("bytes", bytes)
        }
    }
}

extension Status.Log {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("file", file)
            json.member("lines", lines)
            json.member("write_errors", writeErrors)
            json.member("journal_sent", journalSent)
            json.member("journal_suppressed", journalSuppressed)
            json.member("journal_dropped", journalDropped)
        }
    }
}
