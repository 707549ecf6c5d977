// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "CustomModel",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Tacit", path: "../..")],
  targets: [.executableTarget(name: "CustomModel", dependencies: ["Tacit"])]
)
