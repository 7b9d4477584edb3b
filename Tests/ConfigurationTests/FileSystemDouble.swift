import Configuration

/// Files that exist only in a test.
struct FileSystemDouble {
    /// What is read, by path.
    var files: [String: SettingsLoader.ReadResult]

    init(_ texts: [String: String]) {
        files = texts.mapValues { .content(Array($0.utf8)) }
    }

    func load(_ source: SettingsLoader.Source) throws(ConfigurationErrors) -> Settings {
        let files = files
        let loader = SettingsLoader(
            read: { files[$0] ?? .missing },
            list: { directory in
                files.keys.filter { $0.hasPrefix(directory + "/") }
                    .map { String($0.dropFirst(directory.utf8.count + 1)) }
                    .filter { !$0.contains("/") }
            })
        return try loader.load(source)
    }

    /// The errors of a load, a line each; none if it succeeds.
    func errors(_ source: SettingsLoader.Source) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try load(source)
            return []
        } catch {
            return error.diagnostics.map(\.description)
        }
    }
}

/// The settings of one file `a.conf`.
func load(_ text: String) throws(ConfigurationErrors) -> Settings {
    try FileSystemDouble(["a.conf": text]).load(.file("a.conf"))
}

/// The errors of one file `a.conf`, a line each.
func errors(in text: String) -> [String] {
    FileSystemDouble(["a.conf": text]).errors(.file("a.conf"))
}

extension Settings {
    /// The values alone, for comparing settings of different files.
    var withoutPlaces: Settings {
        var copy = self
        copy.files = []
        copy.server.locations = [:]
        copy.log.locations = [:]
        for site in copy.sites.indices {
            copy.sites[site].locations = [:]
            copy.sites[site].location = nil
            for path in copy.sites[site].paths.indices {
                copy.sites[site].paths[path].locations = [:]
                copy.sites[site].paths[path].location = nil
            }
        }
        return copy
    }
}
