public import Tensors

/// A worker's answer to one request.
struct Reply: Codable, Sendable {
  /// The request's; none where that could not be read.
  let number: Int?
  let answer: Answer

  enum Answer: Codable, Sendable {
    case catalogue([TensorSummary])
    case tensors([Pointer])
    /// In the body: floats, or a share's words.
    case value(Shape, fractionBits: Int?)
    case done
    case refused(reason: String, exitCode: Int)
  }

  struct Pointer: Codable, Sendable {
    let id: String
    let shape: Shape
  }
}

/// What a worker tells of an own tensor before anything else.
public struct TensorSummary: Codable, Hashable, Sendable {
  public let name: String
  public let shape: Shape
}
