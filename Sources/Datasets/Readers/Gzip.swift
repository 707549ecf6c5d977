import CZlib

/// Unpacks gzip files (RFC 1952) of one member, zlib streams (RFC 1950) and bare deflated data (RFC 1951).
enum Gzip {
  /// What surrounds packed data, as zlib's window bits say it.
  enum Wrapping: Int32 {
    case gzip = 31
    case zlib = 15
    case none = -15
  }

  /// Whether bytes begin as a gzip file does.
  static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

  /// CRC-32.
  static func checksum(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.withUnsafeBufferPointer { Int(crc32_z(0, $0.baseAddress, $0.count)) }
  }

  /// The unpacked bytes, at most `limit` of them; the check sum is checked.
  static func unpack(
    _ bytes: [UInt8], limit: Int, file: String, wrapping: Wrapping = .gzip
  ) throws(DatasetError) -> [UInt8] {
    guard bytes.count <= Int(UInt32.max) else { throw .malformedFile(file: file, reason: "the file is over 4 GiB") }
    var stream = z_stream()
    let status = inflateInit2_(&stream, wrapping.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw .malformedFile(file: file, reason: "zlib has no memory to unpack the file") }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    var result = Z_OK
    var unread = bytes.count
    while result == Z_OK {
      let produced = input.withUnsafeMutableBufferPointer { input in
        chunk.withUnsafeMutableBufferPointer { chunk in
          // The buffers live for this call only; zlib keeps its own window between calls.
          stream.next_in = input.baseAddress.map { $0 + (bytes.count &- unread) }
          stream.avail_in = UInt32(unread)
          stream.next_out = chunk.baseAddress
          stream.avail_out = UInt32(chunk.count)
          result = inflate(&stream, Z_NO_FLUSH)
          unread = Int(stream.avail_in)
          return chunk.count &- Int(stream.avail_out)
        }
      }
      guard output.count + produced <= limit else {
        throw .malformedFile(
          file: file, reason: "the file unpacks to more than the \(limit) bytes that are read at most")
      }
      output += chunk[0..<produced]
    }
    guard result == Z_STREAM_END else {
      let isTruncated = result == Z_BUF_ERROR
      throw .malformedFile(
        file: file,
        reason: isTruncated
          ? "the packed file ends too early; fetch it again" : "the packed file is damaged; fetch it again")
    }
    guard unread == 0 else {
      throw .malformedFile(file: file, reason: "\(unread) bytes follow the packed data; fetch the file again")
    }
    return output
  }
}
