// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let containers = Target.Dependency.product(name: "BasicContainers", package: "swift-collections")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")

// The arrows of this list are the architecture: downwards only, few, and checked by the build
// (`--explicit-target-dependency-import-check error`).
let package = Package(
    name: "httpd-swift",
    products: [
        .executable(name: "httpd-swift", targets: ["httpd-swift"]),
        .executable(name: "httpctl", targets: ["httpctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(
            name: "CBrotli", pkgConfig: "libbrotlienc", providers: [.apt(["libbrotli-dev"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "Linux", dependencies: ["CLinux", containers], swiftSettings: strict),
        .target(name: "HTTP", dependencies: [containers], swiftSettings: strict),
        .target(
            name: "Codings", dependencies: ["CBrotli", "CZlib", "CZstd", "HTTP", containers],
            swiftSettings: strict),
        .target(
            name: "Content", dependencies: ["HTTP", "Linux", containers],
            resources: [.embedInCode("Listing/page")], swiftSettings: strict),
        .target(name: "Configuration", swiftSettings: strict),
        .target(name: "Systemd", dependencies: ["CSystemd", "Linux"], swiftSettings: strict),
        .target(name: "Digests", dependencies: ["COpenSSL"], swiftSettings: strict),
        .target(name: "Control", dependencies: ["Linux"], swiftSettings: strict),
        .target(
            name: "Server",
            dependencies: [
                "Codings", "Configuration", "Content", "Control", "HTTP", "Linux", "Systemd",
                containers, deque, logging,
            ],
            swiftSettings: strict),
        .target(
            name: "Client", dependencies: ["Codings", "Digests", "HTTP", "Linux", containers],
            swiftSettings: strict),
        .executableTarget(
            name: "httpd-swift", dependencies: ["Server", "Configuration"], swiftSettings: strict),
        .executableTarget(
            name: "httpctl",
            dependencies: ["Client", "Configuration", "Control", "Linux", arguments],
            swiftSettings: strict),

        .testTarget(
            name: "ClientTests", dependencies: ["Client", "Digests"], swiftSettings: strict),
        .testTarget(
            name: "CodingsTests", dependencies: ["Codings", "HTTP", "TestSupport", containers],
            swiftSettings: strict),
        .testTarget(
            name: "ConfigurationTests", dependencies: ["Configuration"], swiftSettings: strict),
        .testTarget(
            name: "ContentTests",
            dependencies: ["Content", "HTTP", "Linux", "TestSupport", containers],
            swiftSettings: strict),
        .testTarget(name: "ControlTests", dependencies: ["Control"], swiftSettings: strict),
        .testTarget(name: "DigestsTests", dependencies: ["Digests"], swiftSettings: strict),
        .testTarget(
            name: "HTTPTests", dependencies: ["HTTP", "TestSupport", containers],
            swiftSettings: strict),
        .testTarget(
            name: "LinuxTests", dependencies: ["Linux", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Configuration", "Content", "HTTP", "Linux", "Server", "TestSupport", containers,
                logging,
            ],
            swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
