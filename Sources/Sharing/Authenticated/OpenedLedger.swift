import Arithmetic
import CKernels
import Crypto
import Foundation

/// All that was opened since the last check, with this party's shares of the MACs.
struct OpenedLedger {
  private struct Words {
    let opened: [UInt64]
    let macs: [UInt64]
    let layer: Int
  }

  private struct Planes {
    let opened: [UInt64]
    let macs: [UInt64]
    let rows: Int
    let count: Int
    let layer: Int
  }

  private var words: [Words] = []
  private var planes: [Planes] = []
  private var hash = SHA256()
  /// Whether anybody asks for the digest.
  private let isHashed: Bool
  /// The layers that the entries belong to.
  private(set) var layers: [String] = []

  init(isHashed: Bool = true) { self.isHashed = isHashed }

  mutating func removeAll() { self = OpenedLedger(isHashed: isHashed) }

  mutating func enter(_ layer: String) {
    if layers.last != layer { layers.append(layer) }
  }

  /// What one party's shares of the sums of all MACs differ by from those of the opened values; of all parties together, zero.
  struct Sums: Hashable {
    var words: UInt128 = 0
    var bits: UInt64 = 0
  }

  /// Words modulo 2¹²⁸ as they were opened.
  mutating func append(_ opened: [UInt64], macs: [UInt64]) {
    note(opened)
    words.append(Words(opened: opened, macs: macs, layer: entryLayer))
  }

  /// Planes of bits; those past the count are zero.
  mutating func append(planes opened: [UInt64], macs: [UInt64], rows: Int, count: Int) {
    note(opened)
    planes.append(Planes(opened: opened, macs: macs, rows: rows, count: count, layer: entryLayer))
  }

  /// Public words that all parties must have been given alike.
  mutating func note(_ opened: [UInt64]) {
    guard isHashed else { return }
    opened.withUnsafeBytes { hash.update(bufferPointer: $0) }
  }

  private var entryLayer: Int { max(layers.count - 1, 0) }

  /// The hash of all opened values, where it is kept.
  var digest: [UInt8] { Array(hash.finalize()) }

  /// This party's share of what must be zero, layer by layer, for weights from a coin that was tossed after the opening.
  func sums(coin: PseudorandomGenerator, keys: MACKeys) -> [Sums] {
    var sums = [Sums](repeating: Sums(), count: max(layers.count, 1))
    for (index, entry) in words.enumerated() {
      let count = entry.opened.count / 2
      let weights = coin.words(count: count, counterHigh: UInt64(index) << 1, counterLow: 0)
      sums[entry.layer].words &+=
        WideTensor.dot(weights, entry.macs, count) &- keys.words &* WideTensor.dot(weights, entry.opened, count)
    }
    for (index, entry) in planes.enumerated() {
      let weights = coin.words(count: entry.macs.count, counterHigh: UInt64(index) << 1 | 1, counterLow: 0)
      let value = Self.value(of: entry, weights)
      sums[entry.layer].bits ^=
        ck_gf64_dot(entry.macs.count, weights, entry.macs) ^ ck_gf64_multiply(value, keys.bits)
    }
    return sums
  }

  /// The sum of the weights of all bits that are 1.
  private static func value(of entry: Planes, _ weights: [UInt64]) -> UInt64 {
    let stride = (entry.count + 63) / 64
    return weights.withUnsafeBufferPointer { weights in
      entry.opened.withUnsafeBufferPointer { opened in
        guard let weights = weights.baseAddress, let opened = opened.baseAddress else { return 0 }
        return (0..<entry.rows).reduce(0) { sum, row in
          sum ^ ck_gf64_sum_where(entry.count, opened + row * stride, weights + row * entry.count)
        }
      }
    }
  }
}

/// What is kept until a check holds shares of MACs: it does not print.
extension OpenedLedger: CustomStringConvertible, CustomReflectable {
  var description: String { "‹opened values of \(layers.count) layers›" }
  var customMirror: Mirror { Mirror(self, children: []) }
}
