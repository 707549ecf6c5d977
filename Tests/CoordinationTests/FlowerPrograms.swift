import Foundation
import Processes

/// Where flwr is: in the Python that `TACIT_FLWR` names, in the path, or in an environment that the first test makes from flwr's package.
///
/// `TACIT_FLWR_INSTALL=0` makes none. PyTorch is used where Python has it; `TACIT_FLWR_TORCH=1` puts it into a new environment too.
struct FlowerPrograms {
  /// The folder of flwr's programs.
  let folder: String

  var python: String { folder + "/python3" }

  /// Whether stock nodes may be of PyTorch; else they are of NumPy.
  let hasTorch: Bool

  /// `nil` where flwr cannot be had; ``absence`` says why.
  static var here: FlowerPrograms? { try? found.get() }

  static var absence: String {
    if case .failure(let missing) = found { return missing.reason }
    return ""
  }

  private struct Missing: Error {
    let reason: String
  }

  /// How long an installation may take before it is given up.
  private static let patience = 150.0

  private static let found: Result<FlowerPrograms, Missing> = {
    let environment = ProcessInfo.processInfo.environment
    let folders =
      environment["TACIT_FLWR"].map { [URL(fileURLWithPath: $0).deletingLastPathComponent().path] }
      ?? (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    if let folder = folders.first(where: { FileManager.default.isExecutableFile(atPath: $0 + "/flower-superlink") }) {
      return .success(FlowerPrograms(in: folder))
    }
    guard environment["TACIT_FLWR"] == nil else {
      return .failure(Missing(reason: "the Python that TACIT_FLWR names has no flwr"))
    }
    guard environment["TACIT_FLWR_INSTALL"] != "0" else {
      return .failure(Missing(reason: "flwr is not here, and TACIT_FLWR_INSTALL=0 forbids to install it"))
    }
    return installed(torch: environment["TACIT_FLWR_TORCH"] == "1")
  }()

  private init(in folder: String) {
    self.folder = folder
    hasTorch = Self.run(folder + "/python3", ["-c", "import torch"], within: 60)
  }

  /// In the build's own folder, so that it is made once and goes with `swift package clean`.
  private static func installed(torch: Bool) -> Result<FlowerPrograms, Missing> {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL
    let folder = root.appending(path: ".build/flower-1.42" + (torch ? "-torch" : "")).path
    let script = root.appending(path: "Scripts/flower-environment").path
    guard run(script, [folder] + (torch ? ["torch"] : []), within: patience) else {
      return .failure(
        Missing(reason: "flwr could not be installed by \(script) in \(Int(patience)) s; name a Python with TACIT_FLWR")
      )
    }
    return .success(FlowerPrograms(in: folder + "/bin"))
  }

  private static func run(_ program: String, _ arguments: [String], within seconds: Double) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    let end = Date(timeIntervalSinceNow: seconds)
    while process.isRunning, Date() < end { Thread.sleep(forTimeInterval: 0.05) }
    guard !process.isRunning else {
      process.end()
      return false
    }
    return process.terminationStatus == 0
  }
}
