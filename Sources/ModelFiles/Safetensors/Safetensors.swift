public import Foundation
public import Tensors

/// Named tensors in a file: https://github.com/huggingface/safetensors, format of version 0.4.
///
/// | bytes | what                                                                          |
/// | ----- | ----------------------------------------------------------------------------- |
/// | 8     | length of the header, h ≤ 100 MB, little-endian                               |
/// | h     | JSON: names with `dtype`, `shape` and `data_offsets` from the header's end on |
/// | rest  | the tensors' numbers, little-endian, without gaps                             |
public enum Safetensors {
  static let largestHeader = 100_000_000

  private struct Entry: Codable {
    var dtype: String
    var shape: [Int]
    var offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  /// Reads tensors of floats (F16, BF16, F32, F64); tensors of whole numbers and truth values are counters and such, and left out.
  ///
  /// - Throws: ``ModelFileError``; nothing in the bytes can trap.
  public static func parse(_ data: Data) throws(ModelFileError) -> [String: Tensor<Float>] {
    let bytes = [UInt8](data)
    guard bytes.count >= 8 else { throw .notSafetensors(reason: "it has \(bytes.count) bytes") }
    let length = bytes[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= largestHeader, Int(length) <= bytes.count - 8 else {
      throw .notSafetensors(reason: "it announces a header of \(length) bytes, which it does not have")
    }
    let end = 8 + Int(length)
    guard let header = JSONValue(parsing: String(decoding: bytes[8..<end], as: UTF8.self)),
      case .object(let entries) = header
    else { throw .notSafetensors(reason: "its header is no JSON object") }
    var tensors: [String: Tensor<Float>] = [:]
    for (name, entry) in entries where name != "__metadata__" {
      if let tensor = try tensor(name, entry, bytes[end...]) { tensors[name] = tensor }
    }
    return tensors
  }

  /// Reads a file.
  public static func read(path: String) throws(ModelFileError) -> [String: Tensor<Float>] {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else {
      let isThere = FileManager.default.fileExists(atPath: path)
      throw .unreadable(path: path, reason: isThere ? "it is not readable" : "there is no such file")
    }
    do { return try parse(data) } catch { throw .inFile(path, error) }
  }

  private static func tensor(
    _ name: String, _ entry: JSONValue, _ bytes: ArraySlice<UInt8>
  ) throws(ModelFileError) -> Tensor<Float>? {
    guard let kind = entry["dtype"].text,
      let shape = entry["shape"].integers ?? (entry["shape"].list?.isEmpty == true ? [] : nil),
      let offsets = entry["data_offsets"].integers, offsets.count == 2
    else { throw .malformed("the tensor \"\(name)\" lacks dtype, shape or data_offsets") }
    guard let type = FloatType(rawValue: kind) else {
      guard ["BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64"].contains(kind) else {
        throw .malformed("the tensor \"\(name)\" is of the type \(kind), which is not read; save it as F32")
      }
      return nil
    }
    guard shape.count <= 8, shape.allSatisfy({ $0 >= 0 }), Shape.isReasonable(shape.map { max($0, 1) }),
      offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= bytes.count,
      offsets[1] - offsets[0] == Shape(shape).count * type.byteCount
    else { throw .malformed("the tensor \"\(name)\" does not lie where the header says") }
    let scalars = type.scalars(bytes[bytes.startIndex + offsets[0]..<bytes.startIndex + offsets[1]])
    guard scalars.allSatisfy(\.isFinite) else {
      throw .malformed("the tensor \"\(name)\" has a value that is not a finite number")
    }
    return Tensor(shape: Shape(shape), scalars: scalars)
  }

  /// Tensors as a file, in the order of their names, as 32-bit floats.
  public static func encoded(_ tensors: [String: Tensor<Float>]) throws -> Data {
    var header: [String: Entry] = [:]
    var body = Data()
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let start = body.count
      for scalar in tensor.scalars { body.append(littleEndian: scalar.bitPattern) }
      header[name] = Entry(dtype: "F32", shape: tensor.shape.extents, offsets: [start, body.count])
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var text = try encoder.encode(header)
    // Numbers begin at a multiple of eight bytes.
    text.append(contentsOf: Array(repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
    var data = Data()
    data.append(littleEndian: UInt64(text.count))
    return data + text + body
  }
}

/// How a file writes floats.
private enum FloatType: String {
  case half = "F16"
  case brain = "BF16"
  case single = "F32"
  case double = "F64"

  var byteCount: Int {
    switch self {
    case .half, .brain: 2
    case .single: 4
    case .double: 8
    }
  }

  func scalars(_ bytes: ArraySlice<UInt8>) -> [Float] {
    bytes.withUnsafeBytes { raw in
      (0..<raw.count / byteCount).map { index in
        let place = index * byteCount
        switch self {
        case .half:
          return Float(
            Float16(bitPattern: UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt16.self))))
        case .brain:
          let word = UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt16.self))
          return Float(bitPattern: UInt32(word) << 16)
        case .single:
          return Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        case .double:
          return Float(
            Double(bitPattern: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt64.self))))
        }
      }
    }
  }
}
