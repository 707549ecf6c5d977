import Foundation

/// Programs that were built beside the tests.
enum Programs {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs a program to its end.
  static func run(_ name: String, _ arguments: String...) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = try find(name)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let log = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-\(UUID().uuidString).log")
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: log) }
    let handle = try FileHandle(forWritingTo: log)
    process.standardOutput = handle
    try process.run()
    process.waitUntilExit()
    try handle.close()
    return (process.terminationStatus, try String(contentsOf: log, encoding: .utf8))
  }

  private static func find(_ name: String) throws -> URL {
    var folder = Bundle.main.bundleURL
    for _ in 0..<4 {
      let program = folder.appendingPathComponent(name)
      if FileManager.default.isExecutableFile(atPath: program.path) { return program }
      folder = folder.deletingLastPathComponent()
    }
    for kind in ["release", "debug"] {
      let program = Documents.root.appendingPathComponent(".build/\(kind)/\(name)")
      if FileManager.default.isExecutableFile(atPath: program.path) { return program }
    }
    throw Failure(description: "the program \(name) was not built")
  }
}
