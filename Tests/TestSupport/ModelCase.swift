public import Foundation

/// A small model of another tool, an input of two examples and what that tool made of it: `Tests/Golden/onnx_cases.py`, `keras_cases.py`.
public struct ModelCase: Decodable, Sendable, CustomStringConvertible {
  public let name: String
  public let model: Data
  public let shape: [Int]
  public let input: [Float]
  public let resultShape: [Int]
  public let result: [Float]

  public var description: String { name }

  private struct Golden: Decodable { let cases: [ModelCase] }

  /// Models in ONNX; none where the file cannot be read.
  public static let all = cases(of: "onnx_cases.json")
  /// Models of Keras, in HDF5.
  public static let keras = cases(of: "keras_cases.json")

  private static func cases(of name: String) -> [ModelCase] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Golden/" + name)
    guard let data = try? Data(contentsOf: file), let golden = try? JSONDecoder().decode(Golden.self, from: data) else {
      return []
    }
    return golden.cases
  }
}
