import Arithmetic
package import Transports

/// Sessions whose keys are known in advance, for reference vectors and replays in tests only.
///
/// Whoever knows the keys can reconstruct every secret. No flag, job key or public initialiser reaches this type.
package enum InsecureKeys {
  /// A party of a session in which key j is made from `seed` and j alone.
  package static func scheme(over channel: any Channel, seed: UInt8) -> ReplicatedScheme {
    func generator(_ pair: Int) -> PseudorandomGenerator {
      PseudorandomGenerator(key: [UInt8](repeating: seed, count: 15) + [UInt8(pair)])
    }
    return ReplicatedScheme(
      channel: channel,
      randomness: PairwiseRandomness(first: generator(channel.party), second: generator((channel.party + 1) % 3)))
  }
}
