internal import Foundation

/// An array as Flower carries it: what it is, and its bytes in the format of its container, NumPy's for all that Flower makes.
public struct FlowerArray: Hashable, Sendable {
  /// NumPy's name of the scalars' type.
  public var type: String
  public var shape: [Int]
  /// `numpy.ndarray` says that the data is a `.npy` file.
  public var container: String
  public var data: [UInt8]

  public init(type: String, shape: [Int], container: String = "numpy.ndarray", data: [UInt8]) {
    self.type = type
    self.shape = shape
    self.container = container
    self.data = data
  }
}

/// The body of an array's object.
struct ArrayDescription: Decodable {
  let dtype: String
  let shape: [Int]
  let stype: String
  /// Which of the object's children its data is, in order.
  let chunks: [Int]

  private enum CodingKeys: String, CodingKey {
    case dtype, shape, stype
    case chunks = "arraychunk_ids"
  }

  private static let longest = 1 << 24

  init(_ array: FlowerArray, chunks: [Int]) {
    (dtype, shape, stype) = (array.type, array.shape, array.container)
    self.chunks = chunks
  }

  init(_ body: [UInt8]) throws(FlowerError) {
    guard body.count <= Self.longest, let read = try? JSONDecoder().decode(Self.self, from: Data(body)) else {
      throw .malformedObject("an array's description is not one of Flower 1.42's")
    }
    self = read
  }

  var json: String {
    PythonJSON.object([
      ("dtype", PythonJSON.string(dtype)), ("shape", PythonJSON.list(shape)), ("stype", PythonJSON.string(stype)),
      ("arraychunk_ids", PythonJSON.list(chunks)),
    ])
  }
}
