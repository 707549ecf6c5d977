/// A shape and its scalars, row-major.
public struct Tensor<Scalar: Sendable>: Sendable {
  public let shape: Shape
  /// The scalars in storage order; always ``Shape/count`` of them.
  @usableFromInline internal var storage: [Scalar]

  @inlinable public var scalars: [Scalar] { storage }

  /// A tensor over scalars already in storage order.
  @inlinable
  public init(shape: Shape, scalars: [Scalar]) {
    precondition(shape.count == scalars.count, "\(scalars.count) scalars do not fill shape \(shape)")
    self.shape = shape
    self.storage = scalars
  }

  /// A tensor that repeats one scalar.
  @inlinable
  public init(repeating scalar: Scalar, shape: Shape) {
    self.shape = shape
    self.storage = [Scalar](repeating: scalar, count: shape.count)
  }

  /// A tensor whose scalars are written in place; the closure must initialise every one of them.
  @inlinable
  public init(shape: Shape, initializing body: (UnsafeMutableBufferPointer<Scalar>) throws -> Void) rethrows {
    let count = shape.count
    self.shape = shape
    self.storage = try [Scalar](unsafeUninitializedCapacity: count) { buffer, initialized in
      try body(UnsafeMutableBufferPointer(rebasing: buffer[0..<count]))
      initialized = count
    }
  }

  /// The number of scalars.
  @inlinable public var count: Int { storage.count }

  /// Changes scalars in place.
  @inlinable
  public mutating func withScalars<R>(_ body: (UnsafeMutableBufferPointer<Scalar>) throws -> R) rethrows -> R {
    try storage.withUnsafeMutableBufferPointer { try body($0) }
  }

  /// The same scalars under another shape of equal count.
  public func reshaped(to shape: Shape) -> Tensor {
    Tensor(shape: shape, scalars: scalars)
  }
}

extension Tensor: Equatable where Scalar: Equatable {}
extension Tensor: Hashable where Scalar: Hashable {}

/// Words of the ring Z/2⁶⁴; signed values are in two's complement.
public typealias RingTensor = Tensor<UInt64>
