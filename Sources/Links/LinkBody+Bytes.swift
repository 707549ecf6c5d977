#if _endian(big)
  #error("bodies travel as they lie in memory, which must be little-endian")
#endif

/// What a body's first piece says of its type; the raw values are part of the protocol.
enum BodyKind: UInt8 {
  case none, bytes, floats, words32, words64

  var strideByteCount: Int {
    switch self {
    case .none, .bytes: 1
    case .floats, .words32: 4
    case .words64: 8
    }
  }
}

extension LinkBody {
  var kind: BodyKind {
    switch self {
    case .none: .none
    case .bytes: .bytes
    case .floats: .floats
    case .words32: .words32
    case .words64: .words64
    }
  }

  /// A body whose scalars have no value yet: memory that nobody has touched costs nothing.
  init(unset kind: BodyKind, byteCount: Int) {
    let count = byteCount / kind.strideByteCount
    switch kind {
    case .none: self = .none
    case .bytes: self = .bytes(LinkBody.unset(count))
    case .floats: self = .floats(LinkBody.unset(count))
    case .words32: self = .words32(LinkBody.unset(count))
    case .words64: self = .words64(LinkBody.unset(count))
    }
  }

  // Trivial scalars need no initialisation, and every one is written before the body is handed out.
  private static func unset<Scalar: BitwiseCopyable>(_ count: Int) -> [Scalar] {
    [Scalar](unsafeUninitializedCapacity: count) { _, initialized in initialized = count }
  }

  func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    switch self {
    case .none: body(UnsafeRawBufferPointer(start: nil, count: 0))
    case .bytes(let scalars): scalars.withUnsafeBytes(body)
    case .floats(let scalars): scalars.withUnsafeBytes(body)
    case .words32(let scalars): scalars.withUnsafeBytes(body)
    case .words64(let scalars): scalars.withUnsafeBytes(body)
    }
  }

  /// The array is taken out of `self` while it changes, so that it is not copied.
  mutating func withMutableBytes(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
    let whole = self
    self = .none
    switch consume whole {
    case .none: break
    case .bytes(var scalars):
      scalars.withUnsafeMutableBytes(body)
      self = .bytes(scalars)
    case .floats(var scalars):
      scalars.withUnsafeMutableBytes(body)
      self = .floats(scalars)
    case .words32(var scalars):
      scalars.withUnsafeMutableBytes(body)
      self = .words32(scalars)
    case .words64(var scalars):
      scalars.withUnsafeMutableBytes(body)
      self = .words64(scalars)
    }
  }
}
