import Crypto
import Foundation

/// Hears of every draw of real sessions: tests check with it that no counter of a key is used twice.
package enum SessionDraws {
  /// Words that a party took from a key.
  package struct Draw: Hashable, Sendable {
    /// SHA-256 of the key.
    package let key: [UInt8]
    /// Which of the two that hold the key: the one that shares it with its previous party.
    package let isFirst: Bool
    package let high: UInt64
    package let blocks: Range<UInt64>
  }

  /// It hears nothing that a key could be found from.
  package typealias Observer = @Sendable (Draw) -> Void

  static func observer(of secrets: SessionSecrets, telling observer: Observer?) -> PairwiseRandomness.Observer? {
    guard let observer else { return nil }
    let (first, second) = (digest(of: secrets.first), digest(of: secrets.second))
    return { key, high, blocks in
      switch key {
      case .first: observer(Draw(key: first, isFirst: true, high: high, blocks: blocks))
      case .second: observer(Draw(key: second, isFirst: false, high: high, blocks: blocks))
      }
    }
  }

  private static func digest(of key: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: Data(key))) }
}
