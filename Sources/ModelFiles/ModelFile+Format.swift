import Crypto
import Datasets
public import Foundation
import Graphs
import Tensors

/// The `.tacit` format, version 1, all numbers little-endian:
///
/// | bytes | what                                                         |
/// | ----- | ------------------------------------------------------------ |
/// | 8     | `TACITMDL`                                                   |
/// | 4     | format version                                               |
/// | 4     | length of the header, h ≤ 16 MiB                             |
/// | 8     | length of the weights, w                                     |
/// | h     | header: JSON                                                 |
/// | w     | weights: 32-bit floats, in the order of the header's table   |
/// | 32    | SHA-256 of all that precedes                                 |
extension ModelFile {
  public static let formatVersion: UInt32 = 1
  static let magic = Array("TACITMDL".utf8)
  static let prefixByteCount = 24
  static let checksumByteCount = 32
  static let largestHeader = 16 << 20
  static let largestFile = 8 << 30

  private struct Header: Codable {
    struct Entry: Codable {
      var name: String
      var shape: Shape
    }
    var graph: Graph
    var input: String
    var weights: [Entry]
    var preprocessing: Preprocessing?
    var provenance: Provenance
    var inputRange: InputRange?
  }

  /// The file's bytes; equal models give equal bytes.
  public func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let entries = weightNames.compactMap { name in weights[name].map { Header.Entry(name: name, shape: $0.shape) } }
    let header = try encoder.encode(
      Header(
        graph: graph, input: inputName, weights: entries, preprocessing: preprocessing, provenance: provenance,
        inputRange: inputRange))
    let scalars = weightNames.reduce(0) { $0 + (weights[$1]?.count ?? 0) }
    var data = Data(Self.magic)
    data.append(littleEndian: Self.formatVersion)
    data.append(littleEndian: UInt32(header.count))
    data.append(littleEndian: UInt64(scalars * 4))
    data.append(header)
    for name in weightNames {
      for scalar in weights[name]?.scalars ?? [] { data.append(littleEndian: scalar.bitPattern) }
    }
    data.append(contentsOf: SHA256.hash(data: data))
    return data
  }

  /// Reads a file's bytes.
  ///
  /// - Throws: ``ModelFileError``; nothing in the bytes can trap or make the reader allocate more than they hold.
  public static func parse(_ data: Data) throws(ModelFileError) -> ModelFile {
    try parse(data, checkingSum: true)
  }

  /// As ``parse(_:)``; the fuzzer leaves the checksum out to reach what lies behind it.
  package static func parse(_ data: Data, checkingSum: Bool) throws(ModelFileError) -> ModelFile {
    let bytes = Data(data)
    guard bytes.count >= magic.count, bytes.prefix(magic.count).elementsEqual(magic) else {
      throw .notAModel(reason: "it does not begin with TACITMDL")
    }
    guard bytes.count >= prefixByteCount else { throw .truncated(expected: prefixByteCount, found: bytes.count) }
    let version = UInt32(bytes.littleEndian(at: 8, byteCount: 4))
    guard version == formatVersion else { throw .unsupportedVersion(version) }
    let headerCount = Int(bytes.littleEndian(at: 12, byteCount: 4))
    let weightsCount = bytes.littleEndian(at: 16, byteCount: 8)
    guard headerCount <= largestHeader, weightsCount <= UInt64(largestFile), weightsCount % 4 == 0 else {
      throw .malformed("the announced lengths are not possible")
    }
    let expected = prefixByteCount + headerCount + Int(weightsCount) + checksumByteCount
    guard bytes.count == expected else {
      if bytes.count < expected { throw .truncated(expected: expected, found: bytes.count) }
      throw .malformed("\(bytes.count - expected) bytes follow its end")
    }
    let body = bytes.prefix(expected - checksumByteCount)
    if checkingSum, !SHA256.hash(data: body).elementsEqual(bytes.suffix(checksumByteCount)) { throw .damaged }
    let header: Header
    do {
      header = try JSONDecoder().decode(
        Header.self, from: Data(bytes[prefixByteCount..<prefixByteCount + headerCount]))
    } catch {
      throw .malformed(describe(error))
    }
    let weights = try unpack(header.weights, from: body.suffix(Int(weightsCount)))
    return try ModelFile(
      graph: header.graph, inputName: header.input, weights: weights, preprocessing: header.preprocessing,
      provenance: header.provenance, inputRange: header.inputRange)
  }

  private static func unpack(
    _ entries: [Header.Entry], from data: Data
  ) throws(ModelFileError) -> [String: Tensor<Float>] {
    var rest = data
    var weights: [String: Tensor<Float>] = [:]
    for entry in entries {
      let count = entry.shape.count
      guard count <= rest.count / 4 else { throw .malformed("the weights end within \"\(entry.name)\"") }
      let scalars = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
        rest.prefix(4 * count).withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
        initialized = count
      }
      guard scalars.allSatisfy(\.isFinite) else {
        throw .malformed("the weight \"\(entry.name)\" has a value that is not a finite number")
      }
      guard weights.updateValue(Tensor(shape: entry.shape, scalars: scalars), forKey: entry.name) == nil else {
        throw .malformed("the weight \"\(entry.name)\" is there twice")
      }
      rest = rest.dropFirst(4 * count)
    }
    guard rest.isEmpty else { throw .malformed("there are more weights than the header names") }
    return weights
  }

  private static func describe(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "its header has no \(key.stringValue)"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "its header is wrong at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
    case DecodingError.dataCorrupted(let context): "its header is wrong: \(context.debugDescription)"
    default: "its header cannot be read"
    }
  }

  /// Reads a model file.
  public static func load(from path: String) throws(ModelFileError) -> ModelFile {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      let isThere = FileManager.default.fileExists(atPath: path)
      throw .unreadable(path: path, reason: isThere ? "it is not readable" : "there is no such file")
    }
    do {
      return try parse(data)
    } catch {
      throw .inFile(path, error)
    }
  }

  /// Writes a model file, whole or not at all.
  public func save(to path: String) throws {
    try encoded().write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}

extension Data {
  mutating func append<Word: FixedWidthInteger>(littleEndian word: Word) {
    Swift.withUnsafeBytes(of: word.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate func littleEndian(at offset: Int, byteCount: Int) -> UInt64 {
    self[startIndex + offset..<startIndex + offset + byteCount].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
