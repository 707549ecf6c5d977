/// Where programs keep what they compute on the way.
///
/// Programs of one thread that run by turns may share it: what one leaves is worth nothing to the next, and the same few pages stay in
/// the processor's cache. It grows with the largest of them.
public final class WorkMemory {
  private var largest = Room(count: 0)

  public init() {}

  /// Memory of at least so many scalars. Programs that were made before it grew keep theirs.
  func room(_ count: Int) -> Room {
    if largest.scalars.count < count { largest = Room(count: max(count, 2 * largest.scalars.count)) }
    return largest
  }

  final class Room {
    let scalars: UnsafeMutableBufferPointer<Float>

    fileprivate init(count: Int) { scalars = .aligned(count: count) }

    deinit { scalars.deallocate() }
  }
}

extension UnsafeMutableBufferPointer<Float> {
  /// Zeros that begin on a cache line.
  static func aligned(count: Int) -> Self {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: Swift.max(count, 1) * 4, alignment: 64)
    let scalars = bytes.bindMemory(to: Float.self)
    scalars.initialize(repeating: 0)
    return scalars
  }
}
