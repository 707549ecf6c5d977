import Sharing
import Tensors

/// The readers of what strangers send to a party, by themselves: for fuzzing.
package enum FrameReading {
  /// Whether bytes are a request of a client, a page or a party, a proposal, or shares of an input. Never traps.
  package static func isReadable(_ bytes: [UInt8]) -> Bool {
    let controls: [Bool] = [
      (try? ServingFrame<Request>(bytes)) != nil, (try? ServingFrame<PageRequest>(bytes)) != nil,
      (try? ServingFrame<DealerRequest>(bytes)) != nil, (try? RunProposal(bytes[...])) != nil,
    ]
    let shapes: [Shape] = [[2, 3]]
    let shares = [ClusterScheme.replicated, .replicatedMalicious, .additive(partyCount: 3), .spdz(partyCount: 3)]
      .flatMap { scheme in
        (0..<3).map { (try? scheme.unpack(bytes[...], party: $0, shapes: shapes)) != nil }
      }
    return (controls + shares).contains(true)
  }
}
