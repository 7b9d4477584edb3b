internal import Configuration
internal import Glibc
internal import Server

let usage = """
    Usage: httpd-swift [OPTION]...
    Serve directories over HTTP and accept uploads.

      --config FILE       read FILE and FILE.d/*.conf instead of the system's configuration;
                          'none' starts from the built-in defaults
      --listen WHERE      listen on ADDRESS:PORT or unix:PATH, or on NAME=WHERE for the sites with
                          Listen=NAME; may be repeated; not needed with sockets from systemd
      --root DIR          the document root of the site 'default'
      --control PATH      open a control socket for httpctl
      --check             check the configuration and exit
      --version           print the version and exit
      --help              print this help and exit

    See httpd-swift(8) and httpd-swift.conf(5).

    """

func fail(_ message: String) -> Never {
    StandardError.write("httpd-swift: \(message)\nTry 'httpd-swift --help'.\n")
    exit(ExitStatus.usage.rawValue)
}

func absolutePath(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let directory = unsafe getcwd(nil, 0) else { return path }
    defer { unsafe free(directory) }
    return unsafe String(cString: directory) + "/" + path
}

var options = Options()
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    func value() -> String {
        if parts.count == 2 { return String(parts[1]) }
        guard let next = arguments.popFirst() else { fail("\(name) needs a value") }
        return next
    }
    switch name {
    case "--config":
        let path = value()
        options.source = path == "none" ? .builtin : .file(absolutePath(path))
    case "--listen": options.listen.append(value())
    case "--root": options.root = absolutePath(value())
    case "--control": options.control = absolutePath(value())
    case "--check": options.checksOnly = true
    case "--version":
        print("httpd-swift \(version)")
        exit(0)
    case "--help", "-h":
        print(usage, terminator: "")
        exit(0)
    default: fail("'\(argument)' is not an option")
    }
}
exit(Server.run(options).rawValue)
