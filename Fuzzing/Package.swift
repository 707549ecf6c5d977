// swift-tools-version: 6.2
import PackageDescription

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
      // The default linker of the toolchain fails on instrumented code.
      linkerSettings: [.unsafeFlags(["-use-ld=lld"])]),
  ]
)
