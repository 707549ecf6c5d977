/// The places of a table of a polynomial's values at {0, 1, ∞} of each variable, where the last variable changes first.
enum PointTable {
  /// Those of the values at 0 and 1 alone, which are known of parts.
  static func corners(variables: Int) -> [Int] {
    (0..<1 << variables).map { part in
      (0..<variables).reduce(0) { 3 * $0 + (part >> (variables - 1 - $1) & 1) }
    }
  }

  /// All others.
  static func others(variables: Int) -> [Int] {
    let isCorner = Set(corners(variables: variables))
    let count = (0..<variables).reduce(1) { count, _ in 3 * count }
    return (0..<count).filter { !isCorner.contains($0) }
  }

  /// What the value at a corner, a part, counts in the value at a place of the table of a polynomial of degree 1 in each variable:
  /// 0, 1 or −1.
  static func weight(ofPart part: Int, at place: Int, variables: Int) -> Int {
    var (weight, place) = (1, place)
    for variable in 0..<variables {
      let bit = part >> variable & 1
      switch place % 3 {
      case 2: weight *= bit == 1 ? 1 : -1
      case let digit where digit != bit: return 0
      default: break
      }
      place /= 3
    }
    return weight
  }
}
