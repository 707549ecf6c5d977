// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// A room of the house: a target with the project's settings.
func room(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

/// A package of `Examples/`, built and run as part of this one, so that its sources hold true.
func example(_ name: String, in folder: String) -> Target {
  .executableTarget(
    name: "Example" + name, dependencies: ["Tacit"], path: "Examples/\(folder)/Sources/\(name)")
}

/// The tests of a room; files under `Tests/TestSupport` serve them all.
func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.byName(name: name), "TestSupport"] + dependencies,
    swiftSettings: settings)
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let nioConcurrency = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let instrumentation = Target.Dependency.product(name: "Instrumentation", package: "swift-distributed-tracing")
let memoryTracing = Target.Dependency.product(name: "InMemoryTracing", package: "swift-distributed-tracing")

let package = Package(
  name: "Tacit",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Tacit", targets: ["Tacit"]),
    .executable(name: "tacit", targets: ["Tool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", exact: "1.7.3"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // Cellar: C.
    .target(name: "CKernels"),
    .target(name: "CPaillier", dependencies: ["CGMP"]),
    .systemLibrary(
      name: "CGMP", pkgConfig: "gmp", providers: [.apt(["libgmp-dev"]), .brew(["gmp"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),

    // Ground floor: scalars, randomness, bytes between parties, who is who.
    room("Arithmetic", ["CKernels", crypto, cryptoExtras]),
    room("Transports", [nioConcurrency, nioCore, nioEmbedded, nioSSL, logging]),
    room("Processes"),
    room("Settings"),
    room("Identity", ["Transports", "Settings", crypto, x509, asn1, yams]),

    room(
      "Links",
      [
        "Transports", "Identity", "Arithmetic", "CKernels", nioConcurrency, nioCore, nioPosix, nioHTTP1, nioWebSocket,
        nioSSL,
        logging,
      ]),

    room("Flower", ["Arithmetic", "Identity", protobuf, crypto, nioCore, nioHTTP1, nioPosix, nioTLS, nioSSL, logging]),

    // First floor: tensors.
    room("Tensors", ["Arithmetic", "CKernels"]),

    // Second floor: what is computed, and on what.
    room("Graphs", ["Tensors", "CKernels", "COpenBLAS"]),
    room("Datasets", ["Tensors", "Arithmetic", "CZlib", crypto]),
    room("Paillier", ["CPaillier", "CGMP", "Arithmetic", crypto]),
    room("SecureAggregation", ["CKernels", "Arithmetic", crypto]),
    room("Privacy", ["CKernels", "Arithmetic"]),
    room("PrivacyLedger", ["Privacy", grdb, crypto]),

    // Third floor: learning, files, secrets.
    room(
      "Learning",
      ["ModelFiles", "Graphs", "Datasets", "Privacy", "Tensors", "Arithmetic", "CKernels", "Settings", yams]),
    room("ModelFiles", ["Graphs", "Datasets", "Tensors", "Arithmetic", "CKernels", "CHDF5", crypto, protobuf]),
    room("Sharing", ["Graphs", "Privacy", "Transports", "CKernels", crypto]),

    room("Federation", ["Learning", "Privacy", "Datasets", "Tensors", "Arithmetic", "CKernels"]),

    // Fourth floor: encrypted prediction as a service, and how servers show that they are well.
    room("WebServing", [hummingbird, hummingbirdCore, logging, nioCore]),
    room("Monitoring", ["WebServing", hummingbird, logging, metrics, nioConcurrency, nioCore]),
    room(
      "Serving",
      [
        "Processes", "Sharing", "ModelFiles", "Identity", "Datasets", "Learning", "Privacy", "Graphs", "Tensors",
        "Transports", "Links", "Arithmetic", grdb, logging, crypto, nioConcurrency, metrics, tracing, instrumentation,
      ]),

    room(
      "RemoteTensors",
      ["Links", "Graphs", "Tensors", "Sharing", "Identity", "Transports", "Arithmetic", nioConcurrency]),
    room(
      "Coordination",
      [
        "Serving", "Processes", "Federation", "Flower", "SecureAggregation", "Paillier", "Links", "Identity",
        "Transports", "Learning", "Privacy", "PrivacyLedger", "Datasets", "Tensors", "Arithmetic", "CKernels",
        "Settings",
        nioConcurrency, grdb, yams, logging, crypto,
      ]),

    // Fifth floor and roof: whole stories, the library's front door, and the command line.
    room(
      "Stories",
      [
        "Coordination", "Serving", "Learning", "Privacy", "Arithmetic", "Federation", "Datasets", "Tensors", "Identity",
        "Links", "Processes", "Graphs", "ModelFiles", "Paillier", "SecureAggregation", "Sharing", "Transports", logging,
        nioConcurrency,
      ]),
    room(
      "Dashboard",
      [
        "Coordination", "WebServing", "Learning", "Tensors", "Arithmetic", hummingbird, crypto, logging, nioCore,
        nioConcurrency,
      ],
      resources: ["index.html", "style.css", "script.js", "icon.svg"].map { .embedInCode("Resources/\($0)") }),
    room(
      "Pages",
      [
        "Serving", "WebServing", "Links", "Datasets", "Graphs", "Arithmetic", hummingbird, hummingbirdCore,
        hummingbirdTLS, crypto, logging, nioCore, nioConcurrency,
      ],
      resources: [
        "index.html", "style.css", "icon.svg", "page.js", "form.js", "preprocessing.js", "fixedpoint.js", "sharing.js",
        "sealing.js", "asking.js", "bytes.js",
      ].map { .embedInCode("Resources/\($0)") }),
    room(
      "Tacit",
      [
        "Arithmetic", "Coordination", "Dashboard", "Datasets", "Federation", "Flower", "Graphs", "Identity", "Learning",
        "Links", "ModelFiles", "Monitoring",
        "Pages", "Paillier", "Privacy", "PrivacyLedger", "RemoteTensors", "SecureAggregation", "Serving", "Sharing",
        "Stories",
        "Tensors", "Transports", "Processes",
      ]),
    .executableTarget(
      name: "PaillierBenchmark", dependencies: ["Paillier", "Arithmetic"], path: "Benchmarks/Paillier",
      swiftSettings: settings),
    .executableTarget(
      name: "PrivateTrainingBenchmark", dependencies: ["Learning", "Tensors", "Arithmetic"],
      path: "Benchmarks/PrivateTraining", swiftSettings: settings),
    .executableTarget(
      name: "Tool", dependencies: ["Tacit", "CKernels", argumentParser, logging, metrics], swiftSettings: settings),
    .executableTarget(
      name: "AggregationBenchmark", dependencies: ["SecureAggregation", crypto], path: "Benchmarks/SecureAggregation",
      swiftSettings: settings),

    example("Credit", in: "credit"),
    example("CustomModel", in: "custom-model"),
    example("OwnStrategy", in: "own-strategy"),
    example("OwnScheme", in: "own-scheme"),
    example("AskingWorker", in: "asking-worker"),

    .target(
      name: "TestSupport",
      dependencies: [
        "Sharing", "Graphs", "Links", "Transports", "Tensors", "Arithmetic", nioConcurrency, nioCore, nioPosix, nioSSL,
        x509, asn1, crypto,
      ],
      path: "Tests/TestSupport",
      swiftSettings: settings),
    tests(of: "CKernels"),
    tests(of: "Arithmetic", ["CKernels", crypto, cryptoExtras]),
    tests(of: "Tensors"),
    tests(of: "Transports", ["Identity", logging, nioConcurrency]),
    tests(of: "Settings"),
    tests(of: "Links", ["Transports", "Identity", logging, nioConcurrency, nioCore, nioPosix, nioSSL]),
    tests(of: "Flower", ["Datasets", "Tensors", "Arithmetic", crypto]),
    tests(of: "Paillier", ["Arithmetic", "CPaillier", "CGMP", "Processes"]),
    tests(of: "SecureAggregation", ["Arithmetic", crypto]),
    .testTarget(name: "PrivacyTests", dependencies: ["Privacy", "Arithmetic"], swiftSettings: settings),
    .executableTarget(
      name: "LedgerSpender", dependencies: ["Privacy", "PrivacyLedger"], path: "Tests/LedgerSpender",
      swiftSettings: settings),
    .testTarget(
      name: "PrivacyLedgerTests", dependencies: ["Privacy", "PrivacyLedger", "Processes", "LedgerSpender"],
      swiftSettings: settings),
    tests(of: "Federation", ["Learning", "Privacy", "Datasets", "Tensors", "Arithmetic"]),
    tests(of: "Identity", ["Transports", logging, x509, asn1]),
    tests(of: "Graphs", ["Tensors"]),
    tests(of: "Datasets", ["Tensors"]),
    tests(of: "Learning", ["ModelFiles", "Graphs", "Datasets", "Privacy", "Tensors", "Arithmetic"]),
    tests(of: "ModelFiles", ["Graphs", "Tensors", "Datasets", "Arithmetic", "Processes"]),
    tests(of: "Sharing", ["Graphs", "Tensors", "Transports", "Arithmetic", "Privacy", nioConcurrency, crypto]),
    tests(
      of: "Serving",
      [
        logging, nioConcurrency, "Graphs", "Tensors", "ModelFiles", "Identity", "Transports", "Sharing", "Learning",
        "Arithmetic", "Processes", "Datasets", "Monitoring", crypto, metrics, tracing, instrumentation, memoryTracing,
      ]),
    .testTarget(
      name: "MonitoringTests", dependencies: ["Monitoring", logging, metrics], swiftSettings: settings),
    tests(
      of: "Coordination",
      [
        "Federation", "SecureAggregation", "Serving", "Paillier", "Learning", "Links", "Datasets", "Tensors", "Privacy",
        "PrivacyLedger", "Arithmetic", "Flower", "Identity", "Processes", "Sharing", "Transports", logging, crypto,
        nioConcurrency,
      ]),
    tests(
      of: "RemoteTensors", ["Links", "Graphs", "Tensors", "Identity", "Transports", "Arithmetic", logging]),
    tests(of: "Stories", ["Serving"]),
    tests(
      of: "Pages",
      [
        "Serving", "Links", "Learning", "ModelFiles", "Datasets", "Graphs", "Sharing", "Identity", "Transports",
        "Processes",
        "Tensors", "Arithmetic", logging, crypto, nioConcurrency, nioCore, nioHTTP1, nioPosix,
        nioSSL, nioWebSocket,
      ]),
    tests(
      of: "Dashboard",
      [
        "Coordination", "WebServing", "Links", "Learning", "Processes", logging, nioConcurrency, nioCore, nioEmbedded,
        nioPosix,
      ]),
    .testTarget(
      name: "ToolTests", dependencies: ["Tool", "Tacit", "TestSupport", "Processes", logging], swiftSettings: settings),
    .testTarget(
      name: "DocumentationTests", dependencies: ["Tacit", crypto], swiftSettings: settings),
  ]
)
