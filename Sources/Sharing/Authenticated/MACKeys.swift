import Arithmetic

/// A party's parts of the keys of MACs, or, at the dealer, the keys: α of words, Δ of bits. Secrets; fresh in every session.
struct MACKeys: Sendable {
  private(set) var words: UInt128
  private(set) var bits: UInt64

  init(words: UInt128, bits: UInt64) {
    self.words = words
    self.bits = bits
  }

  /// The party's parts, from its dealer key, under a name of the session alone: who was caught may know them.
  init(master: [UInt8], name: String) {
    let stream = DealtKeys.generator(master: master, program: "mac|\(name)")
      .words(count: 2, counterHigh: 0, counterLow: 0)
    words = UInt128(stream[0])
    bits = stream[1]
  }

  /// The keys themselves.
  static func sum(of masters: [[UInt8]], name: String) -> MACKeys {
    masters.dropFirst().reduce(into: MACKeys(master: masters[0], name: name)) { sum, master in
      let own = MACKeys(master: master, name: name)
      sum.words &+= own.words
      sum.bits ^= own.bits
    }
  }
}

extension MACKeys: CustomStringConvertible, CustomReflectable {
  var description: String { "‹keys of MACs›" }
  var customMirror: Mirror { Mirror(self, children: []) }
}
