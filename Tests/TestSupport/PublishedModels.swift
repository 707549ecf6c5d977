public import Foundation
public import Tensors

/// Models as others have published them, where their files are: in the folder that `TACIT_DATA` names, or beside the project.
public enum PublishedModels {
  public static let folder: URL? = {
    let beside = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../shared/data").standardizedFileURL
    let named = ProcessInfo.processInfo.environment["TACIT_DATA"].map { URL(fileURLWithPath: $0) }
    return [named, beside].compactMap { $0?.appendingPathComponent("models") }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }()

  /// A model in ONNX and a set of its test data.
  public struct Example: Sendable, CustomStringConvertible {
    public let model: URL
    public let folder: URL

    public var description: String {
      model.path.split(separator: "/").suffix(2).joined(separator: "/") + " " + folder.lastPathComponent
    }

    public var input: Tensor<Float> {
      get throws { try TensorBytes.read(folder.appendingPathComponent("input_0.pb")) }
    }
    public var output: Tensor<Float> {
      get throws { try TensorBytes.read(folder.appendingPathComponent("output_0.pb")) }
    }
  }

  /// Every model with every set of its test data.
  public static let examples: [Example] = {
    guard let folder else { return [] }
    let files =
      FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
    return files.filter { $0.pathExtension == "onnx" }.sorted { $0.path < $1.path }.flatMap { model in
      (0..<3).map {
        Example(model: model, folder: model.deletingLastPathComponent().appendingPathComponent("test_data_set_\($0)"))
      }
      .filter { FileManager.default.fileExists(atPath: $0.folder.path) }
    }
  }()
}

/// Reads a float tensor of ONNX by the encoding's own rules: field 1 its extents, field 4 or 9 its values.
private enum TensorBytes {
  static func read(_ file: URL) throws -> Tensor<Float> {
    var rest = [UInt8](try Data(contentsOf: file))[...]
    func varint() -> Int {
      var (value, shift) = (0, 0)
      while let byte = rest.popFirst() {
        value |= Int(byte & 127) << shift
        shift += 7
        if byte < 128 { break }
      }
      return value
    }
    var extents: [Int] = []
    var bytes: ArraySlice<UInt8> = []
    while !rest.isEmpty {
      let tag = varint()
      guard tag & 7 == 2 else {
        let value = varint()
        if tag >> 3 == 1 { extents.append(value) }
        continue
      }
      let length = varint()
      let content = rest.prefix(length)
      rest = rest.dropFirst(content.count)
      if [4, 9].contains(tag >> 3) { bytes = content }
      if tag >> 3 == 1 {
        let after = rest
        rest = content
        while !rest.isEmpty { extents.append(varint()) }
        rest = after
      }
    }
    let scalars = stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { start in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) })
    }
    return Tensor(shape: Shape(extents), scalars: scalars)
  }
}
