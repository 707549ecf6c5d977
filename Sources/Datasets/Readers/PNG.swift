public import Tensors

/// Reads PNG pictures (ISO/IEC 15948) of 8 bits a sample: grey, grey with alpha, RGB and RGB with alpha, not interlaced.
public enum PNG {
  /// A picture's samples, 0 to 255, without alpha.
  public struct Picture: Hashable, Sendable {
    public let width: Int
    public let height: Int
    /// 1, grey, or 3, red, green and blue.
    public let channelCount: Int
    /// Row by row, the channels of a pixel together.
    public let samples: [UInt8]

    /// `[channels, height, width]`, grey where one channel is asked for (ITU-R BT.601), times `scale`.
    public func tensor(channelCount wanted: Int, scale: Float) -> Tensor<Float>? {
      guard wanted == channelCount || wanted == 1 || channelCount == 1 else { return nil }
      var scalars = [Float](repeating: 0, count: wanted * height * width)
      for pixel in 0..<height * width {
        let first = pixel * channelCount
        for channel in 0..<wanted {
          let value: Float =
            switch (channelCount, wanted) {
            case (3, 1):
              0.299 * Float(samples[first]) + 0.587 * Float(samples[first + 1]) + 0.114 * Float(samples[first + 2])
            case (1, _): Float(samples[first])
            case (_, _): Float(samples[first + channel])
            }
          scalars[channel * height * width + pixel] = value * scale
        }
      }
      return Tensor(shape: [wanted, height, width], scalars: scalars)
    }
  }

  static let mostPixels = 1 << 24

  /// - Throws: `DatasetError` for anything else than such a picture, transparent pixels included.
  public static func read(path: String) throws(DatasetError) -> Picture {
    try parse(try ByteFile.read(path), file: ByteFile.name(of: path))
  }

  static func parse(_ bytes: [UInt8], file: String) throws(DatasetError) -> Picture {
    let chunks = try PNGChunks(bytes, file: file)
    let header = try PNGHeader(chunks.header, file: file)
    let rowByteCount = header.width * header.sampleCount
    let packed = try Gzip.unpack(
      chunks.data, limit: header.height * (rowByteCount + 1), file: file, wrapping: .zlib)
    guard packed.count == header.height * (rowByteCount + 1) else {
      throw .malformedFile(file: file, reason: "the picture ends too early")
    }
    let rows = try unfiltered(packed, header, file: file)
    return try opaque(rows, header, file: file)
  }

  /// Undoes the filters of the rows (section 9).
  private static func unfiltered(
    _ packed: [UInt8], _ header: PNGHeader, file: String
  ) throws(DatasetError) -> [UInt8] {
    let (width, step) = (header.width * header.sampleCount, header.sampleCount)
    var rows = [UInt8](repeating: 0, count: header.height * width)
    for row in 0..<header.height {
      let filter = packed[row * (width + 1)]
      guard filter <= 4 else { throw .malformedFile(file: file, reason: "it has a filter that PNG does not know") }
      for column in 0..<width {
        let place = row * width + column
        let left = column >= step ? rows[place - step] : 0
        let up = row > 0 ? rows[place - width] : 0
        let corner = row > 0 && column >= step ? rows[place - width - step] : 0
        let guess: UInt8 =
          switch filter {
          case 1: left
          case 2: up
          case 3: UInt8((Int(left) + Int(up)) / 2)
          case 4: paeth(left, up, corner)
          case _: 0
          }
        rows[place] = packed[row * (width + 1) + 1 + column] &+ guess
      }
    }
    return rows
  }

  private static func paeth(_ left: UInt8, _ up: UInt8, _ corner: UInt8) -> UInt8 {
    let guess = Int(left) + Int(up) - Int(corner)
    let (toLeft, toUp, toCorner) = (abs(guess - Int(left)), abs(guess - Int(up)), abs(guess - Int(corner)))
    if toLeft <= toUp, toLeft <= toCorner { return left }
    return toUp <= toCorner ? up : corner
  }

  private static func opaque(_ rows: [UInt8], _ header: PNGHeader, file: String) throws(DatasetError) -> Picture {
    let count = header.sampleCount
    guard header.hasAlpha else {
      return Picture(width: header.width, height: header.height, channelCount: count, samples: rows)
    }
    var samples: [UInt8] = []
    samples.reserveCapacity(rows.count / count * (count - 1))
    for start in stride(from: 0, to: rows.count, by: count) {
      guard rows[start + count - 1] == 255 else {
        throw .malformedFile(file: file, reason: "it has transparent pixels: save it without")
      }
      samples += rows[start..<start + count - 1]
    }
    return Picture(width: header.width, height: header.height, channelCount: count - 1, samples: samples)
  }
}

/// The header chunk.
struct PNGHeader {
  let width: Int
  let height: Int
  /// Samples of a pixel, alpha included.
  let sampleCount: Int
  let hasAlpha: Bool

  init(_ bytes: ArraySlice<UInt8>, file: String) throws(DatasetError) {
    guard bytes.count == 13 else { throw .malformedFile(file: file, reason: "its header is none of PNG") }
    let start = bytes.startIndex
    width = PNGChunks.number(bytes[start..<start + 4])
    height = PNGChunks.number(bytes[(start + 4)..<start + 8])
    let kinds: [UInt8: (Int, Bool)] = [0: (1, false), 2: (3, false), 4: (2, true), 6: (4, true)]
    guard bytes[start + 8] == 8, let kind = kinds[bytes[start + 9]], bytes[(start + 10)...].elementsEqual([0, 0, 0])
    else {
      throw .malformedFile(
        file: file, reason: "only grey and RGB of 8 bits a sample are read, without palette and interlacing: convert it"
      )
    }
    (sampleCount, hasAlpha) = kind
    guard width > 0, height > 0, width <= PNG.mostPixels / height else {
      throw .malformedFile(file: file, reason: "it has no pixels, or more than \(PNG.mostPixels)")
    }
  }
}

/// The chunks of a file, their check sums checked.
struct PNGChunks {
  private(set) var header: ArraySlice<UInt8> = []
  private(set) var data: [UInt8] = []

  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  init(_ bytes: [UInt8], file: String) throws(DatasetError) {
    guard bytes.starts(with: Self.signature) else { throw .malformedFile(file: file, reason: "it is no PNG picture") }
    var rest = bytes[Self.signature.count...]
    while true {
      guard rest.count >= 12 else { throw .malformedFile(file: file, reason: "it is cut off: copy it again") }
      let count = Self.number(rest.prefix(4))
      guard count <= rest.count - 12 else { throw .malformedFile(file: file, reason: "it is cut off: copy it again") }
      let named = rest.dropFirst(4).prefix(4 + count)
      guard Gzip.checksum(named) == Self.number(rest.dropFirst(8 + count).prefix(4)) else {
        throw .malformedFile(file: file, reason: "it is damaged: copy it again")
      }
      rest = rest.dropFirst(12 + count)
      switch String(decoding: named.prefix(4), as: UTF8.self) {
      case "IHDR": header = named.dropFirst(4)
      case "IDAT": data += named.dropFirst(4)
      case "IEND": return
      // Capital first letters are of chunks without which a picture cannot be shown right.
      case _ where named.first.map({ $0 & 0x20 == 0 }) ?? false:
        throw .malformedFile(file: file, reason: "only pictures without a palette are read: convert it")
      case _: continue
      }
    }
  }

  static func number(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
}
