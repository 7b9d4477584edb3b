extension Settings {
    /// The settings as a configuration file that loads to equal settings, except for locations.
    ///
    /// Every key is there, also those with their defaults; of a `[Path …]` only what it sets.
    public var configurationText: String {
        var text = "[Server]\n" + assignments(KeyTable.server, of: server)
        text += "\n[Log]\n" + assignments(KeyTable.log, of: log)
        for site in sites {
            text += "\n[Site \(site.name)]\n" + assignments(KeyTable.site, of: site)
            for path in site.paths {
                let set = KeyTable.path.filter { $0.values(path) != [""] }
                text += "\n[Path \(site.name) \(path.pattern)]\n" + assignments(set, of: path)
            }
        }
        return text
    }

    private func assignments<Section>(_ keys: [Key<Section>], of section: Section) -> String {
        keys.map { key in
            key.values(section).map { value in
                // A backslash at the end of the line would join the next one to it.
                "\(key.name)=\(value)" + (value.hasSuffix("\\") ? " \n" : "\n")
            }.joined()
        }.joined()
    }
}
