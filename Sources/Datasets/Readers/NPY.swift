public import Tensors

/// NumPy array files, versions 1 to 3, as tensors of floats.
///
/// Read: little-endian `f4`, `f8`, `i4`, `i8`, `u1` and `b1` in C or Fortran order, rounded to single precision where
/// needed. Written: version 1, `f4`, C order, byte for byte what `numpy.save` writes.
/// Source: *NEP 1, A Simple File Format for NumPy Arrays*, and `numpy.lib.format`.
public enum NPY {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Reads a tensor from bytes. Never traps, whatever the bytes.
  ///
  /// A number beyond single precision is an error; so are nan and inf, unless `allowsNonFinite`.
  public static func parse(
    _ bytes: [UInt8], file: String = "array", allowsNonFinite: Bool = false
  ) throws(DatasetError) -> Tensor<Float> {
    func fault(_ reason: String) -> DatasetError { .malformedFile(file: file, reason: reason) }
    guard bytes.count >= 10, bytes.starts(with: magic) else {
      throw fault("the file does not begin as a NumPy array does; check that it is one")
    }
    guard (1...3).contains(bytes[6]), bytes[7] == 0 else {
      throw fault("the file is of NumPy format \(bytes[6]).\(bytes[7]); versions 1 to 3 are read")
    }
    let lengthSize = bytes[6] == 1 ? 2 : 4
    let headerStart = 8 + lengthSize
    let length = bytes[8..<min(headerStart, bytes.count)].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard bytes.count >= headerStart + length else { throw fault("the file ends inside its header; fetch it again") }
    let start = headerStart + length
    guard let header = NPYHeader(bytes[headerStart..<start]) else {
      throw fault("the header is not one that NumPy writes for a plain array; save the array again")
    }
    guard let type = ScalarType(rawValue: header.scalarType) else {
      throw fault("the scalars are of a type that is not read; save them as float32 in the byte order '<'")
    }
    // An empty axis must not hide the product of the others.
    guard Shape.isReasonable(header.extents.map { max($0, 1) }) else {
      throw fault("the header announces more than 8 axes or 2^40 scalars")
    }
    let shape = Shape(header.extents)
    guard bytes.count - start == shape.count * type.byteCount else {
      throw fault(
        "the header announces \(shape.count * type.byteCount) bytes and \(bytes.count - start) follow; save it again")
    }
    let scalars = type.scalars(bytes, from: start, count: shape.count)
    let nonFinite = scalars.indices.filter { !scalars[$0].isFinite }
    guard type != .float64 || nonFinite.allSatisfy({ type.isNonFinite(bytes, at: start + 8 * $0) }) else {
      throw fault("a number is beyond single precision; correct it")
    }
    guard allowsNonFinite || nonFinite.isEmpty else { throw fault("a number is nan or inf; correct it") }
    return Tensor(shape: shape, scalars: header.isFortranOrder ? rowMajor(scalars, shape) : scalars)
  }

  /// Reads a tensor from a file of at most 1 GiB.
  public static func read(path: String, allowsNonFinite: Bool = false) throws(DatasetError) -> Tensor<Float> {
    try parse(ByteFile.read(path), file: ByteFile.name(of: path), allowsNonFinite: allowsNonFinite)
  }

  /// A tensor as a file.
  public static func bytes(of tensor: Tensor<Float>) -> [UInt8] {
    let extents = tensor.shape.extents
    let tuple = extents.map(String.init).joined(separator: ", ") + (extents.count == 1 ? "," : "")
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(tuple)), }"
    // NumPy leaves room for the first extent to grow to 21 digits in place.
    if let first = extents.first { header += String(repeating: " ", count: max(0, 21 - String(first).count)) }
    let unpadded = magic.count + 4 + header.utf8.count + 1
    header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    let length = header.utf8.count
    var bytes = magic + [1, 0, UInt8(truncatingIfNeeded: length), UInt8(truncatingIfNeeded: length >> 8)]
    bytes += header.utf8
    bytes.reserveCapacity(bytes.count + 4 * tensor.count)
    for scalar in tensor.scalars {
      withUnsafeBytes(of: scalar.bitPattern.littleEndian) { bytes += $0 }
    }
    return bytes
  }

  /// Writes a tensor to a file.
  public static func write(_ tensor: Tensor<Float>, to path: String) throws(DatasetError) {
    try ByteFile.write(bytes(of: tensor), to: path)
  }

  /// Reorders scalars whose first axis runs fastest.
  private static func rowMajor(_ scalars: [Float], _ shape: Shape) -> [Float] {
    var strides: [Int] = []
    var stride = 1
    for extent in shape.extents {
      strides.append(stride)
      stride *= extent
    }
    var index = [Int](repeating: 0, count: shape.rank)
    var source = 0
    return scalars.indices.map { _ in
      let scalar = scalars[source]
      var axis = shape.rank - 1
      while axis >= 0 {
        index[axis] += 1
        source += strides[axis]
        if index[axis] < shape[axis] { break }
        source -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
      return scalar
    }
  }
}

/// The scalar types that are read.
private enum ScalarType: String {
  case float32 = "<f4"
  case float64 = "<f8"
  case int32 = "<i4"
  case int64 = "<i8"
  case byte = "|u1"
  case truth = "|b1"

  var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .float64, .int64: 8
    case .byte, .truth: 1
    }
  }

  /// `count` scalars; the caller has checked that the bytes suffice.
  func scalars(_ bytes: [UInt8], from start: Int, count: Int) -> [Float] {
    bytes.withUnsafeBytes { buffer in
      let data = UnsafeRawBufferPointer(rebasing: buffer[start...])
      return switch self {
      case .float32: (0..<count).map { Float(bitPattern: Self.word32(data, $0)) }
      case .float64: (0..<count).map { Float(Double(bitPattern: Self.word64(data, $0))) }
      case .int32: (0..<count).map { Float(Int32(bitPattern: Self.word32(data, $0))) }
      case .int64: (0..<count).map { Float(Int64(bitPattern: Self.word64(data, $0))) }
      case .byte: data.map { Float($0) }
      case .truth: data.map { $0 == 0 ? 0 : 1 }
      }
    }
  }

  /// Whether the double at an offset is itself nan or inf.
  func isNonFinite(_ bytes: [UInt8], at offset: Int) -> Bool {
    bytes.withUnsafeBytes { buffer in
      !Double(bitPattern: Self.word64(UnsafeRawBufferPointer(rebasing: buffer[offset...]), 0)).isFinite
    }
  }

  private static func word32(_ data: UnsafeRawBufferPointer, _ index: Int) -> UInt32 {
    UInt32(littleEndian: data.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self))
  }

  private static func word64(_ data: UnsafeRawBufferPointer, _ index: Int) -> UInt64 {
    UInt64(littleEndian: data.loadUnaligned(fromByteOffset: 8 &* index, as: UInt64.self))
  }
}
