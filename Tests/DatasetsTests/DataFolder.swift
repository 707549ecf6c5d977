import Foundation

/// The folder of public data sets: the one `TACIT_DATA` names, else `shared/data` beside a folder above this file.
enum DataFolder {
  static let path: String? = {
    if let named = ProcessInfo.processInfo.environment["TACIT_DATA"], !named.isEmpty { return named }
    var folder = URL(fileURLWithPath: #filePath)
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let candidate = folder.appending(path: "shared/data").path
      if FileManager.default.fileExists(atPath: candidate + "/README.md") { return candidate }
    }
    return nil
  }()

  static var isPresent: Bool { path != nil }
}

/// Repeatable random numbers for tests: SplitMix64, independent of the project's own generators.
struct TestGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The text of the error a closure throws, or a note that it throws none.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch {
    return "\(error)"
  }
}
