import ModelFiles
import Serving
import Sharing
import Tensors
import Transports

/// One of three parties whose shares have MACs tampers with what it sends of the first layer.
struct CheatingParty {
  static let partyCount = 3
  static let party = 1
  /// The first round in which words of the model's first query are brought back to fixed point: the parties have named their
  /// session, taken over the model in six rounds and the input in five, and multiplied.
  private static let round = 13

  /// Asks the model with a party that cheats, all parties being tasks of this process.
  ///
  /// - Throws: ``SharingError`` or `ChannelError`, where another thing goes wrong than that it is caught.
  static func story(
    _ model: ModelFile, _ application: Tensor<Float>, fractionBits: Int, seed: UInt64, deadline: Duration
  ) async throws -> CreditReport.Cheat {
    let cluster = DealtMemoryCluster(
      of: AuthenticatedScheme.self, partyCount: partyCount, fractionBits: fractionBits, deadline: deadline
    ) { channel in
      guard channel.party == party else { return channel }
      return TamperingChannel(channel, .addError, round: round, seed: seed)
    }
    do {
      _ = try await cluster.predict(model, application, repeats: 1)
      return .init(party: party, check: nil, layer: "", released: true)
    } catch SharingError.cheating(let check, let layer) {
      return .init(party: party, check: check, layer: layer, released: false)
    }
  }
}
