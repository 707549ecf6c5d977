public import Foundation
import Identity
import Transports

/// What a party, or a client, found on its way to another member of a cluster, and what is to be mended there.
public struct LinkReport: Hashable, Sendable, Codable {
  /// The other end's index; none for the dealer.
  public var party: Int?
  public var name: String
  public var address: String
  public var certificateExpires: Date?
  /// The other end's clock less this one's, in seconds, to half a round trip.
  public var clockDifference: Double?
  /// Of its program.
  public var version: String?
  /// The median of some small messages, in seconds.
  public var roundTrip: Double?
  /// Towards the other end.
  public var megabytesPerSecond: Double?
  /// Nothing where all is well.
  public var problems: [String] = []

  init(to member: ClusterFile.Party, party: Int?) {
    self.party = party
    name = member.name
    address = member.address
  }

  /// Days before the end of a certificate at which it is time to issue another one.
  private static let notice = 14.0

  /// What the other end's certificate says.
  mutating func note(_ peer: PeerIdentity?, expected: [UInt8]) {
    guard let peer, let summary = try? CertificateSummary(bytes: peer.certificate) else { return }
    certificateExpires = summary.validUntil
    if peer.fingerprint != expected {
      problems.append("it shows another certificate than the cluster file names: correct the file or the party")
    }
    if summary.validUntil < Date().addingTimeInterval(Self.notice * 86_400) {
      problems.append("its certificate expires within \(Int(Self.notice)) days: issue a new one")
    }
  }

  mutating func note(_ figures: LinkProbe.Figures) {
    roundTrip = figures.roundTrip
    megabytesPerSecond = figures.megabytesPerSecond
    clockDifference = figures.clockDifference
    version = figures.health.version
    if abs(figures.clockDifference) > 5 {
      problems.append(
        "its clock differs by \(Int(figures.clockDifference.rounded())) s: expiry and rates go by it, set it right")
    }
    if figures.health.version != TacitVersion.current {
      problems.append(
        "it runs version \(figures.health.version), this program is \(TacitVersion.current): update the older")
    }
  }
}
