package import Foundation

/// The program that is tested, as it was built.
package enum BuiltProgram {
  /// Beside the bundle of tests, else in the package's own folder of builds; `nil` where it was not built.
  package static var tacit: URL? {
    let candidates = [Bundle.main.executableURL, Bundle.main.bundleURL].compactMap { $0 }
    for candidate in candidates {
      var folder = candidate
      for _ in 0..<4 {
        let program = folder.appendingPathComponent("tacit")
        if FileManager.default.isExecutableFile(atPath: program.path) { return program }
        folder = folder.deletingLastPathComponent()
      }
    }
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return ["release", "debug"].map { root.appendingPathComponent(".build/\($0)/tacit") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }
}
