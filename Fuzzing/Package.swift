// swift-tools-version: 6.2
import PackageDescription

/// What SwiftPM calls the package above: readers that are no interface are `package`.
let above = Context.packageDirectory.split(separator: "/").dropLast().last.map { $0.lowercased() } ?? ""

let package = Package(
  name: "Fuzzing",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "Tacit", path: ".."),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
  ],
  targets: [
    .target(name: "CFuzzer"),
    .executableTarget(
      name: "Fuzzer",
      dependencies: [
        "CFuzzer", .product(name: "Tacit", package: "Tacit"), .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: [
        .unsafeFlags([
          "-package-name", String(above.map { $0.isLetter || $0.isNumber ? $0 : "_" }),
        ])
      ],
      // The default linker of the toolchain fails on instrumented code.
      linkerSettings: [.unsafeFlags(["-use-ld=lld"])]),
  ]
)
