// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "OwnScheme",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Tacit", path: "../..")],
  targets: [.executableTarget(name: "OwnScheme", dependencies: ["Tacit"])]
)
