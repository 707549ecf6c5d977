public import Tensors

/// Arrays of bytes in the IDX format of the MNIST files, plain or packed with gzip.
///
/// Layout: two zero bytes, the type (8: unsigned bytes, the only one read), the rank, then one big-endian 32-bit extent
/// an axis and the scalars, row-major.
public enum IDX {
  /// Reads an array from bytes; `limit` bounds what a packed file may unpack to. Never traps, whatever the bytes.
  public static func parse(
    _ bytes: [UInt8], file: String = "array", limit: Int = 1 << 28
  ) throws(DatasetError) -> Tensor<UInt8> {
    let bytes = Gzip.isGzip(bytes) ? try Gzip.unpack(bytes, limit: limit, file: file) : bytes
    func fault(_ reason: String) -> DatasetError { .malformedFile(file: file, reason: reason) }
    guard bytes.count >= 4, bytes[0] == 0, bytes[1] == 0 else {
      throw fault("the file does not begin as an IDX file; check that it is one")
    }
    guard bytes[2] == 8 else { throw fault("the scalars are of IDX type \(bytes[2]); only 8, unsigned bytes, is read") }
    let rank = Int(bytes[3])
    let start = 4 + 4 * rank
    guard bytes.count >= start else { throw fault("the file ends inside its header; fetch it again") }
    let extents = (0..<rank).map { axis in
      bytes[(4 + 4 * axis)..<(8 + 4 * axis)].reduce(0) { $0 << 8 | Int($1) }
    }
    // An empty axis must not hide the product of the others.
    guard Shape.isReasonable(extents.map { max($0, 1) }) else {
      throw fault("the header announces more than 8 axes or 2^40 scalars")
    }
    let shape = Shape(extents)
    guard bytes.count - start == shape.count else {
      throw fault("the header announces \(shape.count) scalars and \(bytes.count - start) follow; fetch the file again")
    }
    return Tensor(shape: shape, scalars: Array(bytes[start...]))
  }

  /// Reads an array from a file.
  public static func read(path: String) throws(DatasetError) -> Tensor<UInt8> {
    try parse(ByteFile.read(path), file: ByteFile.name(of: path))
  }
}
