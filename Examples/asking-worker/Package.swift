// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "AskingWorker",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Tacit", path: "../..")],
  targets: [.executableTarget(name: "AskingWorker", dependencies: ["Tacit"])]
)
