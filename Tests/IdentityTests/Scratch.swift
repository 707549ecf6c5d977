import Foundation

/// A folder of its own for one test, removed at the end.
func withScratchFolder(_ body: (String) async throws -> Void) async throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tacit-" + UUID().uuidString).path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try await body(folder)
}

/// The permissions of a file, in octal.
func mode(of path: String) throws -> String {
  let number = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
  return String(number?.intValue ?? 0, radix: 8)
}
