import Arithmetic
public import Learning

/// An update's vector as fewer bytes, and back. A worker keeps one for a job, since what top-k leaves out is added to its
/// next update (error feedback).
///
/// | form      | bytes behind the header                                                     | error                     |
/// | --------- | --------------------------------------------------------------------------- | ------------------------- |
/// | quantised | for each 512 values a scale (float), then a signed byte or two for each value | below scale / 127 or 32767, zero on average |
/// | top-k     | k ascending places (4 bytes each), then k floats                            | what is left out waits    |
///
/// The header is the form (1 byte: 8, 16 or 1 for top-k), the number of values and k (4 bytes each, k = 0 where quantised).
/// All numbers are little-endian.
///
/// - Source: D. Alistarh et al., *QSGD: Communication-Efficient SGD via Gradient Quantization and Encoding*, NIPS 2017, with
///   buckets scaled by their largest value; S. Stich et al., *Sparsified SGD with Memory*, NeurIPS 2018.
public struct UpdateCompression: Sendable {
  private enum Form: Sendable {
    case quantised(Quantisation)
    case topK(fraction: Double)
  }

  private let form: Form
  private let seeds: SeedTree
  /// What was left out so far, and what it was before the last round, should that be done again.
  private var residual: [Float] = []
  private var earlier: (round: Int, residual: [Float]) = (0, [])

  static let headerByteCount = 9

  /// `nil` where nothing is to be compressed.
  ///
  /// - Parameters:
  ///   - seed: the job's; the coins of rounding follow from it, the worker and the round.
  ///   - worker: whose updates are encoded; nothing where they are only decoded.
  public init?(_ spec: CompressionSpec, seed: UInt64, worker: String = "") {
    switch spec {
    case .none: return nil
    case .quantize(let bits): form = .quantised(bits == 8 ? .byte : .word)
    case .topK(let fraction): form = .topK(fraction: fraction)
    }
    seeds = SeedTree(seed: seed).child("compression").child(worker)
  }

  /// The bytes of a round's vector of finite values; a round that is encoded again forgets what it did before.
  public mutating func encode(_ vector: [Float], round: Int) -> [UInt8] {
    switch form {
    case .quantised(let quantisation):
      var random = seeds.child(round).generator()
      return header(quantisation.rawValue, vector.count, 0) + quantisation.encode(vector, random: &random)
    case .topK(let fraction):
      if earlier.round == round { residual = earlier.residual }
      earlier = (round, residual)
      let sum = residual.count == vector.count ? vector.adding(residual) : vector
      let kept = LargestValues(sum, count: Self.kept(fraction, of: vector.count))
      residual = sum
      for place in kept.places { residual[Int(place)] = 0 }
      return header(LargestValues.form, vector.count, kept.places.count) + kept.bytes
    }
  }

  /// The vector of some bytes, which must be of this form and length, to the byte.
  public func decode(_ bytes: [UInt8], count: Int) throws(FederationError) -> [Float] {
    guard bytes.count >= Self.headerByteCount else { throw .malformedUpdate(reason: "it ends before its header does") }
    let body = bytes[Self.headerByteCount...]
    switch form {
    case .quantised(let quantisation):
      guard Array(bytes[..<Self.headerByteCount]) == header(quantisation.rawValue, count, 0) else {
        throw .malformedUpdate(reason: "its header is not that of \(count) values of \(quantisation.rawValue) bits")
      }
      return try quantisation.decode(body, count: count)
    case .topK(let fraction):
      let kept = Self.kept(fraction, of: count)
      guard Array(bytes[..<Self.headerByteCount]) == header(LargestValues.form, count, kept) else {
        throw .malformedUpdate(reason: "its header is not that of the \(kept) largest of \(count) values")
      }
      return try LargestValues.decode(body, kept: kept, count: count)
    }
  }

  private static func kept(_ fraction: Double, of count: Int) -> Int {
    min(count, max(1, Int((fraction * Double(count)).rounded())))
  }

  private func header(_ form: UInt8, _ count: Int, _ kept: Int) -> [UInt8] {
    func bytes(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
    return [form] + bytes(count) + bytes(kept)
  }
}
