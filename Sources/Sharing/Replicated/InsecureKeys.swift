package import Arithmetic
package import Transports

/// Sessions whose keys are known in advance, for reference vectors and replays in tests only.
///
/// Whoever knows the keys can reconstruct every secret. No flag, job key or public initialiser reaches this type.
package enum InsecureKeys {
  /// Words that a party took from a key: the stream of key `pair` at `high`, the low counter word in `blocks`.
  package struct Draw: Hashable, Sendable {
    package let pair: Int
    package let high: UInt64
    package let blocks: Range<UInt64>
  }

  /// Key `pair` of the sessions with this seed.
  package static func generator(pair: Int, seed: UInt8) -> PseudorandomGenerator {
    PseudorandomGenerator(key: [UInt8](repeating: seed, count: 15) + [UInt8(pair)])
  }

  /// Both keys of a party of the sessions with this seed.
  package static func secrets(party: Int, seed: UInt8) -> SessionSecrets {
    func key(_ pair: Int) -> [UInt8] { [UInt8](repeating: seed, count: 15) + [UInt8(pair % 3)] }
    return SessionSecrets(first: key(party), second: key(party + 1))
  }

  /// The same for parties whose products are checked, with a coin that was known before.
  ///
  /// - Parameter observer: hears of every draw.
  package static func checkedScheme(
    over channel: any Channel, seed: UInt8, telling observer: SessionDraws.Observer? = nil
  ) -> CheckedScheme {
    CheckedScheme(
      channel: channel, randomness: secrets(party: channel.party, seed: seed).randomness(telling: observer),
      dither: generator(pair: 3, seed: seed))
  }

  /// A party of a session in which key j is made from `seed` and j alone; `observer` is told of every draw.
  package static func scheme(
    over channel: any Channel, seed: UInt8, observer: (@Sendable (Draw) -> Void)? = nil
  ) -> ReplicatedScheme {
    let (first, second) = (channel.party, (channel.party + 1) % 3)
    var translation: PairwiseRandomness.Observer?
    if let observer {
      translation = { key, high, blocks in
        observer(Draw(pair: key == .first ? first : second, high: high, blocks: blocks))
      }
    }
    return ReplicatedScheme(
      channel: channel,
      randomness: PairwiseRandomness(
        first: generator(pair: first, seed: seed), second: generator(pair: second, seed: seed), observer: translation))
  }
}
