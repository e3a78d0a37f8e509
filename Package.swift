// swift-tools-version: 6.2
import PackageDescription

/// Every target speaks the same dialect, so that code can move between modules unchanged.
let dialect: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
    // Set by scripts/test. Not for everyone: a newer compiler has new warnings.
    + (Context.environment["AGENTCORP_WARNINGS"] == "error" ? [.treatAllWarnings(as: .error)] : [])

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let nio: [Target.Dependency] = ["NIOCore", "NIOHTTP1", "NIOPosix"].map { .product(name: $0, package: "swift-nio") }

let package = Package(
    name: "agentcorp",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "agentcorp", targets: ["agentcorp"]),
        .library(name: "AgentCorp", targets: ["Postgres", "Queue", "Encryption", "Worker", "Coordinator", "Kinds"]),
        .library(
            name: "AgentCorpAgents",
            targets: [
                "Patterns", "JSON", "Documents", "Sandbox", "Providers", "MCP", "Tools", "Agents", "Plans",
                "Orchestration",
            ]),
        .library(name: "AgentCorpTesting", targets: ["AgentCorpTesting"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        // The types in which async-http-client and swift-subprocess speak.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        // 1: C
        .systemLibrary(
            name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
        .target(name: "CMigrations"),
        .target(name: "CPlanSchema"),
        // What of the kernel Swift cannot call: openat2, landlock, prctl.
        .target(name: "CSandbox"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),

        .systemLibrary(
            name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
        .systemLibrary(
            name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"]), .brew(["pcre2"])]),

        // Regular expressions whose work is bounded
        .target(name: "Patterns", dependencies: ["CPCRE2"], swiftSettings: dialect),
        .target(name: "JSON", dependencies: ["Patterns"], swiftSettings: dialect),
        // Files in JSON and YAML
        .target(name: "Documents", dependencies: ["CYAML", "JSON"], swiftSettings: dialect),

        // What those who speak HTTP share
        .target(name: "HTTP", dependencies: [httpClient] + nio, swiftSettings: dialect),

        // Work that blocks
        .target(name: "Threads", swiftSettings: dialect),

        // 2: the database client, the schema, a server of one's own
        .target(name: "Postgres", dependencies: ["CLibpq", "Threads", logging], swiftSettings: dialect),
        .target(name: "Migrations", dependencies: ["CMigrations"], swiftSettings: dialect),
        .target(name: "EmbeddedPostgres", dependencies: ["Threads", logging], swiftSettings: dialect),

        // 3: the typed shell over the SQL functions
        .target(name: "Queue", dependencies: ["JSON", "Postgres", "Migrations", logging], swiftSettings: dialect),

        .target(name: "Encryption", dependencies: ["Queue", crypto], swiftSettings: dialect),

        // 4: the two kinds of process
        .target(
            name: "Worker",
            dependencies: ["Queue", lifecycle, logging, .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: dialect),
        .target(name: "Coordinator", dependencies: ["Queue", lifecycle, logging], swiftSettings: dialect),

        // 5: the handlers that come with the engine
        .target(
            name: "Kinds",
            dependencies: ["HTTP", "JSON", "Worker", subprocess, httpClient, system] + nio,
            swiftSettings: dialect),

        // 5: agents, from what they may touch to how they run
        .target(
            name: "Sandbox", dependencies: ["CSandbox", "JSON", "Patterns", "Threads", subprocess, system],
            swiftSettings: dialect),
        .target(
            name: "Providers", dependencies: ["CSandbox", "HTTP", "JSON", httpClient, logging] + nio,
            swiftSettings: dialect),
        .target(
            name: "MCP", dependencies: ["HTTP", "JSON", subprocess, system, httpClient, logging, crypto] + nio,
            swiftSettings: dialect),
        .target(
            name: "Tools",
            dependencies: ["CZlib", "HTTP", "JSON", "Patterns", "Sandbox", "MCP", httpClient, logging] + nio,
            swiftSettings: dialect),
        .target(
            name: "Agents",
            dependencies: [
                "JSON", "Documents", "Plans", "Providers", "Tools", "Sandbox", "MCP", "Queue", "Worker", "Coordinator",
                logging, crypto, lifecycle,
            ],
            swiftSettings: dialect),

        // Plans as documents: read, checked, drawn; expressions; votes counted. Pure
        .target(name: "Plans", dependencies: ["CPlanSchema", "JSON", "Documents"], swiftSettings: dialect),

        // 6: plans as runs
        .target(
            name: "Orchestration",
            dependencies: [
                "Plans", "Patterns", "Agents", "Documents", "Providers", "JSON", "Queue", "Worker", "Postgres", "Tools",
                logging,
            ],
            swiftSettings: dialect),

        // 6: what comes from outside by HTTP, and starts plans
        .target(
            name: "Webhooks",
            dependencies: ["JSON", "Providers", "Queue", "Postgres", crypto, lifecycle, logging] + nio,
            swiftSettings: dialect),

        // A queue for the tests of those who build on the engine, and for its own
        .target(
            name: "AgentCorpTesting",
            dependencies: ["Worker", "Coordinator", "Queue", "Postgres", "EmbeddedPostgres", logging],
            swiftSettings: dialect),

        // 6: how fast all of that is
        .target(
            name: "Bench",
            dependencies: [
                "CLibpq", "Postgres", "Queue", "Worker", "EmbeddedPostgres", "Orchestration", "Agents", "Providers",
                "JSON", "Threads",
                lifecycle, logging,
            ],
            swiftSettings: dialect),

        // 7: the composition root
        .executableTarget(
            name: "agentcorp",
            dependencies: [
                "Orchestration", "Webhooks", "Plans", "Agents", "Documents", "Providers", "Tools", "Sandbox", "MCP",
                "JSON",
                "Bench", "Kinds", "Worker", "Coordinator", "Encryption", "Queue", "Migrations", "Postgres",
                "EmbeddedPostgres",
                "CZlib", lifecycle, logging,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: dialect),

        // Tests, a floor at a time
        .target(
            name: "TestSupport",
            dependencies: ["AgentCorpTesting", "Postgres", "EmbeddedPostgres", "Threads", lifecycle, logging],
            path: "Tests/TestSupport", swiftSettings: dialect),
        // An HTTP server that does as a test says
        .target(
            name: "MockServer", dependencies: ["JSON"] + nio, path: "Tests/MockServer",
            swiftSettings: dialect),
        .testTarget(
            name: "PostgresTests", dependencies: ["Postgres", "Threads", "TestSupport"], swiftSettings: dialect
        ),
        .testTarget(
            name: "EmbeddedPostgresTests", dependencies: ["EmbeddedPostgres", "Threads", "TestSupport"],
            swiftSettings: dialect),
        .testTarget(name: "PatternsTests", dependencies: ["Patterns"], swiftSettings: dialect),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", "TestSupport"], swiftSettings: dialect),
        .testTarget(name: "DocumentsTests", dependencies: ["Documents", "JSON"], swiftSettings: dialect),
        .testTarget(
            name: "PlansTests", dependencies: ["Plans", "Documents", "JSON", "TestSupport"], swiftSettings: dialect),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"], swiftSettings: dialect),
        .testTarget(name: "SandboxTests", dependencies: ["Sandbox", "JSON", "TestSupport"], swiftSettings: dialect),
        .testTarget(
            name: "ProvidersTests",
            dependencies: ["Providers", "JSON", "MockServer", "TestSupport", logging],
            swiftSettings: dialect),
        .testTarget(
            name: "MCPTests", dependencies: ["MCP", "JSON", "MockServer", "TestSupport", logging],
            swiftSettings: dialect),
        .testTarget(
            name: "ToolsTests",
            dependencies: [
                "CZlib", "Patterns", "Tools", "Sandbox", "MCP", "JSON", "MockServer", "TestSupport", logging,
            ],
            swiftSettings: dialect),
        // Agents with models that do as a test says
        .target(
            name: "AgentTestSupport",
            dependencies: [
                "Agents", "Providers", "Tools", "JSON", "Queue", "Worker", "Coordinator", "Postgres", "TestSupport",
                lifecycle, logging,
            ],
            path: "Tests/AgentTestSupport", swiftSettings: dialect),
        .testTarget(
            name: "AgentsTests",
            dependencies: [
                "AgentTestSupport",
                "Agents", "Documents", "Providers", "Tools", "Sandbox", "JSON", "Queue", "Worker", "Coordinator",
                "MockServer", "TestSupport",
                lifecycle, logging,
            ],
            swiftSettings: dialect),
        .testTarget(
            name: "OrchestrationTests",
            dependencies: [
                "Orchestration", "Plans", "Documents", "Agents", "Providers", "Tools", "JSON", "Queue", "Worker",
                "Coordinator", "AgentTestSupport", "MockServer", "TestSupport", "Postgres",
                lifecycle, logging,
            ],
            swiftSettings: dialect),
        .testTarget(
            name: "WebhooksTests",
            dependencies: [
                "Webhooks", "Providers", "Queue", "Postgres", "JSON", "TestSupport", crypto, lifecycle, logging,
            ],
            swiftSettings: dialect),
        .testTarget(name: "SQLTests", dependencies: ["Queue", "TestSupport"], swiftSettings: dialect),
        .testTarget(name: "QueueTests", dependencies: ["Queue", "Migrations", "TestSupport"], swiftSettings: dialect),
        .testTarget(
            name: "WorkerTests", dependencies: ["Worker", "Encryption", "TestSupport", lifecycle, logging],
            swiftSettings: dialect),
        .testTarget(
            name: "EncryptionTests", dependencies: ["Encryption", "Queue", "Postgres"], swiftSettings: dialect),
        .testTarget(
            name: "CoordinatorTests", dependencies: ["Coordinator", "TestSupport", lifecycle, logging],
            swiftSettings: dialect),
        .testTarget(
            name: "KindsTests", dependencies: ["Kinds", "MockServer", "TestSupport", lifecycle, logging],
            swiftSettings: dialect),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["agentcorp", "Bench", "Queue", "Migrations", "JSON", "MockServer", "TestSupport"],
            swiftSettings: dialect),
        .testTarget(
            name: "AgentCorpTestingTests", dependencies: ["AgentCorpTesting", "Worker", "Queue", "Postgres"],
            swiftSettings: dialect),
        .testTarget(
            name: "ChaosTests", dependencies: ["JSON", "MockServer", "Queue", "Postgres", "TestSupport"],
            swiftSettings: dialect),
    ]
)
