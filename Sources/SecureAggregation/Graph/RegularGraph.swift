import Foundation

/// The parameters of a graph in which each client shares secrets with `degree` others only.
///
/// The clients stand on a circle in random order, and each is joined to the `degree`/2 next ones on both sides. Holders
/// of a client's secrets are its neighbours and itself; t = `threshold` of them restore a secret. What can go wrong, with
/// chances over the order from exact hypergeometric tails and a union over the clients:
///
/// - A `curious` server learns more than the sum if t neighbours of an honest client are corrupted, or degree/2 in a row are
///   corrupted or out: 2^−σ.
/// - An `active` one can only if t − degree/2 − 1 neighbours of an honest client are corrupted in one of 2⁴⁰ orders that it
///   may try: 2^−σ.
/// - The attempt fails closed if more than degree − t neighbours of a client drop out: 2^−η.
///
/// - Source: Bell, Bonawitz, Gascón, Lepoint, Raykova, *Secure Single-Server Aggregation with (Poly)Logarithmic
///   Overhead*, CCS 2020, section 3; the condition for an active server is argued in docs/SECURE-AGGREGATION.md.
public struct RegularGraph: Hashable, Sendable {
  /// What is taken for granted of clients and server.
  public struct Assumption: Hashable, Sendable {
    public enum Server: Hashable, Sendable {
      /// Follows the protocol and looks at everything, together with the corrupted clients.
      case curious
      /// Does what it likes, together with the corrupted clients.
      case active
    }
    /// The largest part of the clients that are corrupted.
    public var corrupted: Double
    /// The largest part of the clients that drop out, at all stages together and regardless of the order.
    public var dropouts: Double
    public var server: Server
    /// σ.
    public static let securityBits = 40
    /// η.
    public static let completionBits = 20
    /// Logarithm of the orders among which an active server may look for a good one.
    static let triedBits = 40

    public init(corrupted: Double = 0.1, dropouts: Double = 0.3, server: Server = .curious) {
      self.corrupted = corrupted
      self.dropouts = dropouts
      self.server = server
    }
  }

  public let clientCount: Int
  public let degree: Int
  public let threshold: Int
  public let assumption: Assumption

  /// The graph of these numbers, refused where it does not hold what the type promises.
  public init(
    clientCount: Int, degree: Int, threshold: Int, assumption: Assumption
  ) throws(SecureAggregationError) {
    let odds = try GraphOdds(clients: clientCount, assumption: assumption)
    guard degree >= 2, degree % 2 == 0, degree < clientCount, (1...degree).contains(threshold) else {
      throw .plan(
        reason: "\(degree) neighbours with a threshold of \(threshold) are not possible among \(clientCount) clients: "
          + "the number of neighbours is even and below that of clients, the threshold at most as large")
    }
    guard odds.isSafe(degree: degree, threshold: threshold) else {
      throw .plan(
        reason: "\(degree) neighbours with a threshold of \(threshold) do not protect \(clientCount) clients "
          + "with \(Assumption.securityBits) bits; let the graph be chosen")
    }
    guard odds.completes(degree: degree, threshold: threshold) else {
      throw .plan(
        reason:
          "with \(degree) neighbours and a threshold of \(threshold) the agreed dropouts would often stop the round; "
          + "let the graph be chosen")
    }
    self.clientCount = clientCount
    self.degree = degree
    self.threshold = threshold
    self.assumption = assumption
  }

  /// The graph of the smallest degree that holds, and the smallest threshold for it.
  public static func smallest(
    clients: Int, under assumption: Assumption
  ) throws(SecureAggregationError) -> RegularGraph {
    let odds = try GraphOdds(clients: clients, assumption: assumption)
    for degree in stride(from: 2, to: clients, by: 2) {
      if let threshold = odds.smallestThreshold(degree: degree), odds.completes(degree: degree, threshold: threshold) {
        return try RegularGraph(clientCount: clients, degree: degree, threshold: threshold, assumption: assumption)
      }
    }
    throw .plan(
      reason: "no regular graph of \(clients) clients holds with these parts of corrupted clients and dropouts; "
        + "use the complete graph or smaller parts")
  }
}
