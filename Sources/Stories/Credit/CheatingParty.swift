import ModelFiles
import NIOConcurrencyHelpers
import Serving
import Sharing
import Tensors
import Transports

/// One of three parties that catch who deviates tampers with what it sends of the first layer; where it is to be named, it goes on
/// with a share of another weight than the others do, and signs what comes of it.
struct CheatingParty {
  static let partyCount = 3
  static let party = 1
  let engine: CheatedEngine
  /// Whether the others find out who it is; with MACs only.
  var isIdentified = false

  /// With MACs, the first round in which words of the model's first query are brought back to fixed point: the parties have named
  /// their session, taken over the model in six rounds and the input in five, and multiplied. Of checked replicated parties, that
  /// of the first product: they have agreed on keys, tossed a coin in two rounds, and compared the model and the input.
  private var round: Int {
    switch engine {
    case .spdz: 13
    case .replicatedMalicious: 5
    }
  }

  /// Asks the model with a party that cheats, all parties being tasks of this process.
  ///
  /// - Throws: ``SharingError`` or `ChannelError`, where another thing goes wrong than that it is caught.
  func story(
    _ model: ModelFile, _ application: Tensor<Float>, fractionBits: Int, seed: UInt64, deadline: Duration
  ) async throws -> CreditReport.Cheat {
    let round = round
    let wrapping: @Sendable (MemoryChannel) -> any Channel = { channel in
      guard channel.party == Self.party else { return channel }
      return TamperingChannel(channel, .addError, round: round, seed: seed)
    }
    let proofs = NIOLockedValueBox<[Bool]>([])
    do {
      switch engine {
      case .spdz where isIdentified:
        _ = try await DealtMemoryCluster(
          of: AuthenticatedScheme.self, partyCount: Self.partyCount, fractionBits: fractionBits, deadline: deadline,
          identifying: true, deviating: Self.party,
          accusing: { accusation, holds in
            proofs.withLockedValue { $0.append(holds && accusation.accused == Self.party) }
          }
        ).predict(model, application, repeats: 1)
      case .spdz:
        _ = try await DealtMemoryCluster(
          of: AuthenticatedScheme.self, partyCount: Self.partyCount, fractionBits: fractionBits, deadline: deadline,
          wrapping: wrapping
        ).predict(model, application, repeats: 1)
      case .replicatedMalicious:
        _ = try await CheckedMemoryCluster(fractionBits: fractionBits, deadline: deadline, wrapping: wrapping)
          .predict(model, application, repeats: 1)
      }
      return .init(party: Self.party, check: nil, layer: "", released: true, engine: engine)
    } catch let error as SharingError {
      guard let cheat = error.cheat else { throw error }
      return .init(
        party: isIdentified ? cheat.culprit.party : Self.party, check: cheat.check, layer: cheat.layer, released: false,
        proven: isIdentified ? proofs.withLockedValue { !$0.isEmpty && !$0.contains(false) } : nil, engine: engine,
        culprit: cheat.culprit)
    }
  }
}
