import Arithmetic
import Crypto
import Foundation

/// All files of a page, by their names; a manifest tells their hashes.
public struct PageFiles: Sendable {
  package let files: [String: [UInt8]]
  let contentSecurityPolicy: String

  static let index = "index.html"
  static let manifest = "manifest.json"

  public init(_ bundle: PageBundle) throws {
    contentSecurityPolicy = bundle.contentSecurityPolicy
    var files: [String: [UInt8]] = [
      "style.css": PackageResources.style_css, "icon.svg": PackageResources.icon_svg,
      "page.js": PackageResources.page_js, "form.js": PackageResources.form_js,
      "preprocessing.js": PackageResources.preprocessing_js, "fixedpoint.js": PackageResources.fixedpoint_js,
      "sharing.js": PackageResources.sharing_js, "sealing.js": PackageResources.sealing_js,
      "asking.js": PackageResources.asking_js, "bytes.js": PackageResources.bytes_js,
    ]
    let index = String(decoding: PackageResources.index_html, as: UTF8.self)
    files[Self.index] = Array(index.replacingOccurrences(of: "POLICY", with: contentSecurityPolicy).utf8)
    files["bundle.js"] = Array(try bundle.module.utf8)
    files[Self.manifest] = Array(try Self.manifest(of: files))
    self.files = files
  }

  private struct Manifest: Encodable {
    var files: [String: String]
  }

  /// The SHA-256 of each file.
  private static func manifest(of files: [String: [UInt8]]) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    let manifest = Manifest(files: files.mapValues { Hexadecimal.text(SHA256.hash(data: $0)) })
    return try encoder.encode(manifest) + Data("\n".utf8)
  }

  /// Writes the files to a folder that is not there yet or empty.
  ///
  /// - Throws: ``PageError/folder(_:reason:)``.
  public func export(to folder: String) throws(PageError) {
    let manager = FileManager.default
    if let names = try? manager.contentsOfDirectory(atPath: folder), !names.isEmpty {
      throw .folder(folder, reason: "there are files in it already; name an empty folder or a new one")
    }
    do {
      try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for (name, bytes) in files {
        try Data(bytes).write(to: URL(fileURLWithPath: folder).appendingPathComponent(name))
      }
    } catch {
      throw .folder(folder, reason: "check its path and whether it may be written to")
    }
  }

  static func contentType(of name: String) -> String {
    switch name.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "svg": "image/svg+xml"
    default: "application/json"
    }
  }
}
