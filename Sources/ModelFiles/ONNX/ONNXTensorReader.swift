import Foundation
import Tensors

/// Reads tensors of an ONNX file: floats of 16, 32 and 64 bits become floats, whole numbers and truth values whole numbers.
struct ONNXTensorReader {
  /// The folder of files that hold weights.
  let folder: URL?

  func value(of tensor: Onnx_TensorProto) throws(ModelFileError) -> ONNXValue {
    let name = tensor.name
    guard let type = Onnx_TensorProto.DataType(rawValue: Int(tensor.dataType)) else {
      throw .malformed("the tensor \"\(name)\" has data of the unknown type \(tensor.dataType)")
    }
    let extents = tensor.dims.map { Int(clamping: $0) }
    guard extents.count <= 8, extents.allSatisfy({ $0 >= 0 }), Shape.isReasonable(extents) else {
      throw .malformed("the tensor \"\(name)\" has the impossible shape \(extents)")
    }
    let shape = Shape(extents)
    switch type {
    case .float, .double, .float16:
      let scalars = try floats(tensor, type, shape.count)
      guard scalars.allSatisfy(\.isFinite) else {
        throw .malformed("the tensor \"\(name)\" has a value that is not a finite number")
      }
      return .floats(Tensor(shape: shape, scalars: scalars), name: name)
    case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .bool:
      return .integers(Tensor(shape: shape, scalars: try integers(tensor, type, shape.count)))
    case .undefined, .string:
      throw .malformed("the tensor \"\(name)\" has data of type \(type), which are no numbers")
    }
  }

  private func floats(
    _ tensor: Onnx_TensorProto, _ type: Onnx_TensorProto.DataType, _ count: Int
  ) throws(ModelFileError) -> [Float] {
    if let bytes = try rawBytes(of: tensor) {
      switch type {
      case .double: return try words(bytes, count, tensor.name) { Float(Double(bitPattern: $0)) }
      case .float16: return try words(bytes, count, tensor.name) { Float(Float16(bitPattern: $0)) }
      default: return try words(bytes, count, tensor.name) { Float(bitPattern: $0) }
      }
    }
    let found: [Float]
    switch type {
    case .double: found = tensor.doubleData.map { Float($0) }
    case .float16: found = tensor.int32Data.map { Float(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) }
    default: found = tensor.floatData
    }
    return try counted(found, count, tensor.name)
  }

  private func integers(
    _ tensor: Onnx_TensorProto, _ type: Onnx_TensorProto.DataType, _ count: Int
  ) throws(ModelFileError) -> [Int] {
    if let bytes = try rawBytes(of: tensor) {
      let name = tensor.name
      switch type {
      case .int8: return try words(bytes, count, name) { (word: UInt8) in Int(Int8(bitPattern: word)) }
      case .int16: return try words(bytes, count, name) { (word: UInt16) in Int(Int16(bitPattern: word)) }
      case .int32: return try words(bytes, count, name) { (word: UInt32) in Int(Int32(bitPattern: word)) }
      case .uint16: return try words(bytes, count, name) { (word: UInt16) in Int(word) }
      case .uint32: return try words(bytes, count, name) { (word: UInt32) in Int(word) }
      case .int64, .uint64: return try words(bytes, count, name) { (word: UInt64) in Int(truncatingIfNeeded: word) }
      default: return try words(bytes, count, name) { (word: UInt8) in Int(word) }
      }
    }
    switch type {
    case .int64: return try counted(tensor.int64Data.map { Int($0) }, count, tensor.name)
    case .uint32, .uint64:
      return try counted(tensor.uint64Data.map { Int(truncatingIfNeeded: $0) }, count, tensor.name)
    default: return try counted(tensor.int32Data.map { Int($0) }, count, tensor.name)
    }
  }

  /// The tensor's bytes, little-endian; `nil` where its values are in fields of their own.
  private func rawBytes(of tensor: Onnx_TensorProto) throws(ModelFileError) -> Data? {
    guard tensor.dataLocation == .external else { return tensor.hasRawData ? tensor.rawData : nil }
    let entries = Dictionary(tensor.externalData.map { ($0.key, $0.value) }) { first, _ in first }
    guard let folder, let location = entries["location"] else {
      throw .malformed("the tensor \"\(tensor.name)\" lies in another file, which is not named")
    }
    // Nothing outside of the model's own folder is read, whatever the file says.
    let isInside = !location.hasPrefix("/") && !location.split(separator: "/").contains("..")
    let file = folder.appendingPathComponent(location)
    guard isInside, file.resolvingSymlinksInPath().path.hasPrefix(folder.resolvingSymlinksInPath().path + "/") else {
      throw .malformed("the tensor \"\(tensor.name)\" lies in \(location), which is not in the model's folder")
    }
    guard let data = try? Data(contentsOf: file, options: .mappedIfSafe) else {
      throw .malformed(
        "the tensor \"\(tensor.name)\" lies in \(location), which is not beside the model or not readable")
    }
    let offset = Int(entries["offset"] ?? "0") ?? -1
    let length = entries["length"].map { Int($0) ?? -1 } ?? data.count - offset
    guard offset >= 0, length >= 0, offset <= data.count, length <= data.count - offset else {
      throw .malformed("the tensor \"\(tensor.name)\" lies beyond the end of \(location)")
    }
    return data.dropFirst(offset).prefix(length)
  }

  private func words<Word: FixedWidthInteger, Scalar>(
    _ bytes: Data, _ count: Int, _ name: String, _ scalar: (Word) -> Scalar
  ) throws(ModelFileError) -> [Scalar] {
    let width = Word.bitWidth / 8
    guard bytes.count / width == count, bytes.count % width == 0 else {
      throw .malformed("the tensor \"\(name)\" has \(bytes.count) bytes where \(count) numbers are due")
    }
    return bytes.withUnsafeBytes { buffer in
      (0..<count).map { scalar(Word(littleEndian: buffer.loadUnaligned(fromByteOffset: $0 * width, as: Word.self))) }
    }
  }

  private func counted<Scalar>(_ found: [Scalar], _ count: Int, _ name: String) throws(ModelFileError) -> [Scalar] {
    guard found.count == count else {
      throw .malformed("the tensor \"\(name)\" has \(found.count) numbers where \(count) are due")
    }
    return found
  }
}
