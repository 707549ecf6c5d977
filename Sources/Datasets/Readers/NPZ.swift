public import Tensors

/// Archives of NumPy arrays, as `numpy.savez` and `numpy.savez_compressed` write them: ZIP files of ``NPY`` files.
///
/// Source: *.ZIP File Format Specification*, PKWARE, version 6.3.3, without encryption, parts and ZIP64 beyond 4 GiB.
public enum NPZ {
  private static let largestArray = 1 << 30
  private static let mostArrays = 1 << 14

  /// The arrays by name, without `.npy`. Never traps, whatever the bytes.
  public static func parse(_ bytes: [UInt8], file: String = "archive") throws(DatasetError) -> [String: Tensor<Float>] {
    var arrays: [String: Tensor<Float>] = [:]
    for (name, array) in try entries(bytes, file: file) where name.hasSuffix(".npy") {
      arrays[String(name.dropLast(4))] = try NPY.parse(array, file: "\(file)/\(name)")
    }
    return arrays
  }

  /// Reads an archive of at most 1 GiB.
  public static func read(path: String) throws(DatasetError) -> [String: Tensor<Float>] {
    try parse(ByteFile.read(path), file: ByteFile.name(of: path))
  }

  // MARK: The ZIP file

  private static func entries(_ bytes: [UInt8], file: String) throws(DatasetError) -> [(String, [UInt8])] {
    let fault = DatasetError.malformedFile(file: file, reason: "the archive is damaged or cut off; fetch it again")
    func number(_ place: Int, _ count: Int) -> Int? {
      guard place >= 0, place + count <= bytes.count else { return nil }
      return bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    // The directory's end is the last thing but for a comment of at most 65,535 bytes.
    let end = stride(from: bytes.count - 22, through: max(0, bytes.count - 22 - 65_535), by: -1)
      .first { number($0, 4) == 0x0605_4b50 }
    guard let end, let count = number(end + 10, 2), var place = number(end + 16, 4), count <= mostArrays else {
      throw fault
    }
    var found: [(String, [UInt8])] = []
    for _ in 0..<count {
      guard number(place, 4) == 0x0201_4b50, let method = number(place + 10, 2), let check = number(place + 16, 4),
        let packed = number(place + 20, 4), let size = number(place + 24, 4), let nameLength = number(place + 28, 2),
        let extra = number(place + 30, 2), let comment = number(place + 32, 2), let local = number(place + 42, 4),
        place + 46 + nameLength <= bytes.count, number(local, 4) == 0x0403_4b50,
        let localName = number(local + 26, 2), let localExtra = number(local + 28, 2)
      else { throw fault }
      let name = String(decoding: bytes[place + 46..<place + 46 + nameLength], as: UTF8.self)
      let start = local + 30 + localName + localExtra
      guard start + packed <= bytes.count, size <= largestArray else { throw fault }
      let content = Array(bytes[start..<start + packed])
      switch method {
      case 0: found.append((name, content))
      case 8: found.append((name, try Gzip.unpack(content, limit: size, file: "\(file)/\(name)", wrapping: .none)))
      default:
        throw .malformedFile(file: file, reason: "\"\(name)\" is packed by a method that is not read; save it again")
      }
      guard let last = found.last?.1, last.count == size, Gzip.checksum(last[...]) == check else { throw fault }
      place += 46 + nameLength + extra + comment
    }
    return found
  }
}
