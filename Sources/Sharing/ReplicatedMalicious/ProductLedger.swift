import Arithmetic
import Tensors

/// All shares with MACs since the last check that a party could have tampered with: inputs, and results of products.
struct ProductLedger {
  private var entries: [CheckedShare] = []

  mutating func append(_ share: CheckedShare) {
    if share.shape.count > 0 { entries.append(share) }
  }

  /// The sums of all values, and of all MACs, each times its weight of 64 bits.
  func sums(coin: PseudorandomGenerator) -> (values: WideWord, macs: WideWord) {
    var values = WideWord(first: 0, second: 0)
    var macs = values
    for (index, entry) in entries.enumerated() {
      let weights = coin.words(count: entry.shape.count, counterHigh: UInt64(index) << 1, counterLow: 0)
      values.first &+= entry.value.first.dot(weights)
      values.second &+= entry.value.second.dot(weights)
      macs.first &+= entry.mac.first.dot(weights)
      macs.second &+= entry.mac.second.dot(weights)
    }
    return (values, macs)
  }
}

/// What is kept until a check holds shares: it does not print.
extension ProductLedger: CustomStringConvertible, CustomReflectable {
  var description: String { "‹\(entries.count) shares to check›" }
  var customMirror: Mirror { Mirror(self, children: []) }
}
