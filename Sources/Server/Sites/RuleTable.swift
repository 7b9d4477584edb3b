internal import Configuration
internal import Synchronization

/// The rules of a site by path.
///
/// Of the sections that match, globs come before prefixes; of globs the one with more literal
/// characters, then the later one; of prefixes the longest. What a set of matching sections comes
/// to is worked out once.
final class RuleTable: Sendable {
    private struct Section: Sendable {
        let pattern: PathPattern
        let settings: PathSettings
    }

    /// The most combinations that are kept; of many overlapping globs, peers choose which are met.
    private static let combinationLimit = 1024

    private let site: SiteDefaults
    /// In the order in which they decide.
    private let globs: [Section]
    /// The longest first.
    private let prefixes: [Section]
    /// The rule where no glob matches, by the first prefix that does; the last is for no prefix.
    private let byPrefix: [Rule]
    /// The rules where globs match, by the numbers of all that match.
    private let combined = Mutex<[[Int]: Rule]>([:])

    /// The rules of a site.
    init(_ site: SiteDefaults) {
        self.site = site
        let sections = site.settings.paths.compactMap { settings in
            PathPattern(settings.pattern).map { Section(pattern: $0, settings: settings) }
        }
        globs = sections.enumerated().filter(\.element.pattern.isGlob).sorted {
            ($0.element.pattern.literalCount, $0.offset)
                > ($1.element.pattern.literalCount, $1.offset)
        }.map(\.element)
        let prefixes = sections.filter { !$0.pattern.isGlob }.sorted {
            $0.pattern.literalCount > $1.pattern.literalCount
        }
        self.prefixes = prefixes
        byPrefix =
            prefixes.indices.map { index in
                let outer = prefixes[index...].filter {
                    $0.pattern.matches(Array(prefixes[index].settings.pattern.utf8).span)
                }
                return Rule(site, outer.map(\.settings))
            } + [Rule(site, [])]
    }

    /// What holds for a decoded, absolute path.
    func rule(for path: [UInt8]) -> Rule {
        let prefix = prefixes.firstIndex { $0.pattern.matches(path.span) } ?? prefixes.count
        guard !globs.isEmpty else { return byPrefix[prefix] }
        let matching = globs.indices.filter { globs[$0].pattern.matches(path.span) }
        guard !matching.isEmpty else { return byPrefix[prefix] }
        return combined.withLock { combined in
            if let rule = combined[[prefix] + matching] { return rule }
            let outer = prefixes.filter { $0.pattern.matches(path.span) }
            let rule = Rule(site, (matching.map { globs[$0] } + outer).map(\.settings))
            if combined.count < Self.combinationLimit { combined[[prefix] + matching] = rule }
            return rule
        }
    }

    /// All rules that were made when the configuration was loaded.
    var all: [Rule] {
        byPrefix + globs.map { Rule(site, [$0.settings]) }
    }
}
