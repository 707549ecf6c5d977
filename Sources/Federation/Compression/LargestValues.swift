/// The values of largest magnitude and their places; of equal ones the first.
struct LargestValues {
  /// What a header says of this form.
  static let form: UInt8 = 1

  let places: [UInt32]
  let values: [Float]

  /// - Parameter count: how many, at most as many as there are.
  init(_ vector: [Float], count: Int) {
    let threshold = Self.magnitude(of: count, in: vector)
    var places: [UInt32] = []
    places.reserveCapacity(count)
    var left = count - vector.count { $0.magnitude.bitPattern > threshold }
    for (place, value) in vector.enumerated() {
      let bits = value.magnitude.bitPattern
      guard bits > threshold || (bits == threshold && left > 0) else { continue }
      if bits == threshold { left -= 1 }
      places.append(UInt32(place))
    }
    self.places = places
    values = places.map { vector[Int($0)] }
  }

  /// The bits of the magnitude that comes at this place from the top, by two counts of digits; bits of positive floats
  /// are ordered as they are.
  private static func magnitude(of count: Int, in vector: [Float]) -> UInt32 {
    var left = count
    var high = [Int](repeating: 0, count: 1 << 16)
    for value in vector { high[Int(value.magnitude.bitPattern >> 16)] += 1 }
    let top = digit(high, &left)
    var low = [Int](repeating: 0, count: 1 << 16)
    for value in vector where value.magnitude.bitPattern >> 16 == top { low[Int(value.bitPattern & 0xffff)] += 1 }
    return top << 16 | digit(low, &left)
  }

  /// The digit that holds the value wanted, and how many of that digit are wanted.
  private static func digit(_ counts: [Int], _ left: inout Int) -> UInt32 {
    for digit in counts.indices.reversed() {
      guard counts[digit] < left else { return UInt32(digit) }
      left -= counts[digit]
    }
    return 0
  }

  var bytes: [UInt8] {
    places.flatMap { place in (0..<4).map { UInt8(truncatingIfNeeded: place >> (8 * $0)) } }
      + FloatBytes.bytes(of: values)
  }

  static func decode(_ bytes: ArraySlice<UInt8>, kept: Int, count: Int) throws(FederationError) -> [Float] {
    guard bytes.count == 8 * kept, let numbers = FloatBytes.values(of: Array(bytes)) else {
      throw .malformedUpdate(reason: "it has \(bytes.count) bytes of values and should have \(8 * kept)")
    }
    var vector = [Float](repeating: 0, count: count)
    var next = 0
    for (number, value) in zip(numbers[..<kept], numbers[kept...]) {
      let place = Int(number.bitPattern)
      guard place >= next, place < count else {
        throw .malformedUpdate(reason: "its places do not ascend, or leave the model")
      }
      guard value.isFinite else { throw .notFinite("a compressed update") }
      vector[place] = value
      next = place + 1
    }
    return vector
  }
}
