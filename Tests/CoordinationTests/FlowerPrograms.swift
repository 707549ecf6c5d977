import Foundation
import Processes
import Testing

/// Where flwr is: in the Python that `TACIT_FLWR` names, in the path, or in an environment that the first test makes from flwr's package.
///
/// `TACIT_FLWR_INSTALL=0` makes none. PyTorch is used where Python has it; `TACIT_FLWR_TORCH=1` puts it into a new environment too.
struct FlowerPrograms {
  /// The folder of flwr's programs.
  let folder: String

  var python: String { folder + "/python3" }

  /// Whether stock nodes may be of PyTorch; else they are of NumPy.
  let hasTorch: Bool

  /// `nil` where flwr cannot be had, which is printed with the reason.
  static var here: FlowerPrograms? {
    get async { try? await finding.value.get() }
  }

  static let absence: Comment = "flwr is not here, or could not be installed; name a Python that has it with TACIT_FLWR"

  private static let finding = Task {
    let found = await find()
    if case .failure(let missing) = found { print("Tests with Flower are skipped: \(missing.reason).") }
    return found
  }

  private struct Missing: Error {
    let reason: String
  }

  /// How long an installation may take before it is given up.
  private static let patience = 150.0

  private static func find() async -> Result<FlowerPrograms, Missing> {
    let environment = ProcessInfo.processInfo.environment
    let folders =
      environment["TACIT_FLWR"].map { [URL(fileURLWithPath: $0).deletingLastPathComponent().path] }
      ?? (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    if let folder = folders.first(where: { FileManager.default.isExecutableFile(atPath: $0 + "/flower-superlink") }) {
      return .success(await FlowerPrograms(in: folder))
    }
    guard environment["TACIT_FLWR"] == nil else {
      return .failure(Missing(reason: "the Python that TACIT_FLWR names has no flwr"))
    }
    guard environment["TACIT_FLWR_INSTALL"] != "0" else {
      return .failure(Missing(reason: "flwr is not here, and TACIT_FLWR_INSTALL=0 forbids to install it"))
    }
    return await installed(torch: environment["TACIT_FLWR_TORCH"] == "1")
  }

  private init(in folder: String) async {
    self.folder = folder
    hasTorch = await Self.run(folder + "/python3", ["-c", "import torch"], within: 60)
  }

  /// In the build's own folder, so that it is made once and goes with `swift package clean`.
  private static func installed(torch: Bool) async -> Result<FlowerPrograms, Missing> {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL
    let folder = root.appending(path: ".build/flower-1.42" + (torch ? "-torch" : "")).path
    let script = root.appending(path: "Scripts/flower-environment").path
    guard await run(script, [folder] + (torch ? ["torch"] : []), within: patience) else {
      return .failure(
        Missing(reason: "flwr could not be installed by \(script) in \(Int(patience)) s; name a Python with TACIT_FLWR")
      )
    }
    return .success(await FlowerPrograms(in: folder + "/bin"))
  }

  private static func run(_ program: String, _ arguments: [String], within seconds: Double) async -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    let end = Date(timeIntervalSinceNow: seconds)
    while process.isRunning, Date() < end { try? await Task.sleep(for: .milliseconds(50)) }
    guard !process.isRunning else {
      process.end()
      return false
    }
    return process.terminationStatus == 0
  }
}
