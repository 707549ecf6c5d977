import Paillier

/// Keys that are far too short, made once for all tests.
enum SmallKeys {
  static let privateKey = Result { try PrivateKey.generate(bitCount: 512, size: .insecureForTests) }
  static let otherKey = Result { try PrivateKey.generate(bitCount: 512, size: .insecureForTests) }
  /// Any two of three.
  static let twoOfThree = Result {
    try ThresholdKey.deal(bitCount: 512, threshold: 2, holders: 3, size: .insecureForTests)
  }
}
