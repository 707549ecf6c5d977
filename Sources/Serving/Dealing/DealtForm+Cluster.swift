import Identity
import Sharing

extension DealtForm {
  /// How the dealer of a cluster shares what it deals.
  init(_ scheme: ClusterFile.Scheme) {
    switch scheme {
    case .replicated, .replicatedMalicious, .additive: self = .additive
    case .spdz: self = .authenticated
    }
  }
}
