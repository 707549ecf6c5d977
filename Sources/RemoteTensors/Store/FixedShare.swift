import Arithmetic
import Foundation
import Sharing
import Tensors

/// One worker's summand of a tensor in fixed point, and what everybody knows of it.
///
/// Sums, differences and multiples by public numbers are computed by each holder alone. Nothing is divided again: a
/// multiple has more fraction bits, up to where its words could wrap.
struct FixedShare: Sendable {
  /// Bits behind the point of a tensor that has just been shared.
  static let fractionBits = 16
  /// Magnitudes up to 2^24 are shared as they are.
  static let largestBits = 24
  /// Words of magnitude below 2^62 cannot wrap.
  static let largestMagnitudeBits = 62

  let share: AdditiveShare
  let fractionBits: Int
  /// The words' magnitudes stay below 2 to this power.
  let magnitudeBits: Int

  var words: RingTensor { share.summand }

  init(_ share: AdditiveShare, fractionBits: Int, magnitudeBits: Int) throws(Refusal) {
    guard (0...32).contains(fractionBits), (1...Self.largestMagnitudeBits).contains(magnitudeBits) else {
      throw .request("the values would no longer fit into 64 bits; open what there is and share it anew")
    }
    self.share = share
    self.fractionBits = fractionBits
    self.magnitudeBits = magnitudeBits
  }

  func combined(with other: FixedShare, subtracting: Bool) throws(Refusal) -> FixedShare {
    guard share.shape == other.share.shape, fractionBits == other.fractionBits else {
      throw .request(
        "shares of shapes \(share.shape) and \(other.share.shape) with \(fractionBits) and \(other.fractionBits) "
          + "fraction bits do not fit; multiply both by the same factors")
    }
    let sum = subtracting ? words - other.words : words + other.words
    return try FixedShare(
      AdditiveShare(sum), fractionBits: fractionBits, magnitudeBits: max(magnitudeBits, other.magnitudeBits) + 1)
  }

  /// The share times a public number, rounded to 16 bits behind the point; exactly where fewer say it.
  func scaled(by factor: Float) throws(Refusal) -> FixedShare {
    guard factor.magnitude <= 0x1p24 else { throw .request("a factor must be of magnitude 2^24 at most") }
    var bits = 0
    while bits < Self.fractionBits, (factor * Float(1 << bits)).rounded() != factor * Float(1 << bits) { bits += 1 }
    let word = Int64((Double(factor) * Double(1 << bits)).rounded(.toNearestOrEven))
    return try FixedShare(
      AdditiveShare(words.scaled(by: UInt64(bitPattern: word))), fractionBits: fractionBits + bits,
      magnitudeBits: magnitudeBits + (64 - word.magnitude.leadingZeroBitCount))
  }

  /// Words for sharing. What is larger than 2^24 becomes 2^24, what is no number 0: an error would tell the client
  /// something about values that it must not know.
  static func words(of tensor: Tensor<Float>) -> RingTensor {
    let limit = Float(1 << largestBits)
    let scale = Float(1 << fractionBits)
    return RingTensor(
      shape: tensor.shape,
      scalars: tensor.scalars.map { value in
        let kept = value.isNaN ? 0 : min(max(value, -limit), limit)
        return UInt64(bitPattern: Int64((kept * scale).rounded(.toNearestOrEven)))
      })
  }

  /// The numbers that all holders' words together stand for.
  static func decoded(_ words: RingTensor, fractionBits: Int) -> Tensor<Float> {
    FixedTensor(ring: words, fractionBits: fractionBits).decoded()
  }
}
