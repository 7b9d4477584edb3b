public import Configuration

/// What the command line says.
public struct Options: Sendable {
    /// Where the configuration comes from.
    public var source = SettingsLoader.Source.system
    /// Listeners to open, as `[NAME=]ADDRESS:PORT` or `[NAME=]unix:PATH`.
    public var listen: [String] = []
    /// The document root of the site `default`, instead of the configured one; absolute.
    public var root: String?
    /// Where to open a control socket.
    public var control: String?
    /// Only check the configuration.
    public var checksOnly = false

    /// No options.
    public init() {}
}

/// How the daemon ends (sysexits(3), systemd.exec(5)).
public enum ExitStatus: Int32, Sendable {
    /// 0: it was asked to stop, and did.
    case success = 0
    /// 64: the command line is wrong.
    case usage = 64
    /// 71: the system refused something that serving needs.
    case systemError = 71
    /// 78: the configuration has errors.
    case configuration = 78
}
