/// Permutations from a keystream, each equally likely.
struct RandomPermutation {
  /// Words of the stream from an even offset on.
  private let expand: (_ offset: Int, _ count: Int) -> [UInt64]
  private var buffer: ArraySlice<UInt64> = []
  private var offset = 0
  private let capacity: Int

  private init(capacity: Int, expand: @escaping (_ offset: Int, _ count: Int) -> [UInt64]) {
    self.capacity = (capacity + 1) / 2 * 2
    self.expand = expand
  }

  /// A permutation of `0..<count` (Fisher and Yates).
  static func order(of count: Int, expand: @escaping (_ offset: Int, _ count: Int) -> [UInt64]) -> [Int] {
    var words = RandomPermutation(capacity: count, expand: expand)
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, Int(words.next(below: UInt64(last + 1)))) }
    return order
  }

  private mutating func next() -> UInt64 {
    if buffer.isEmpty {
      buffer = expand(offset, capacity)[...]
      offset += capacity
    }
    return buffer.removeFirst()
  }

  /// One of `0..<bound`, each equally likely. Source: Lemire, *Fast Random Integer Generation in an Interval*, TOMACS 2019.
  private mutating func next(below bound: UInt64) -> UInt64 {
    let threshold = (0 &- bound) % bound
    while true {
      let product = next().multipliedFullWidth(by: bound)
      if product.low >= threshold { return product.high }
    }
  }
}
