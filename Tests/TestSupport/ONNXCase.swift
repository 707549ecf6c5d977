public import Foundation

/// A small ONNX model, an input of two examples and what ONNX Runtime made of it: `Tests/Golden/onnx_cases.py`.
public struct ONNXCase: Decodable, Sendable, CustomStringConvertible {
  public let name: String
  public let model: Data
  public let shape: [Int]
  public let input: [Float]
  public let resultShape: [Int]
  public let result: [Float]

  public var description: String { name }

  private struct Golden: Decodable { let cases: [ONNXCase] }

  /// All of them; none where the file cannot be read.
  public static let all: [ONNXCase] = {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Golden/onnx_cases.json")
    guard let data = try? Data(contentsOf: file), let golden = try? JSONDecoder().decode(Golden.self, from: data) else {
      return []
    }
    return golden.cases
  }()
}
