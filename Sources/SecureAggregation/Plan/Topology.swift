/// Who shares secrets with whom.
public enum Topology: Hashable, Sendable {
  /// Everyone with everyone (Bonawitz et al., CCS 2017): work and bytes of a client grow with n, those of the server
  /// with n².
  case complete(threshold: Int)
  /// Everyone with a few at random (Bell et al., CCS 2020), for hundreds of clients and more.
  case regular(RegularGraph)

  /// The smallest t with t > 2n/3: then no two lists of survivors can both find t signatures while at most n/3 clients
  /// are corrupted, since 2t > n + n/3.
  public static func smallestThreshold(clients: Int) -> Int { 2 * clients / 3 + 1 }

  /// Complete up to 200 clients, above that the smallest regular graph that the assumption allows.
  public static func recommended(
    clients: Int, under assumption: RegularGraph.Assumption = .init()
  ) throws(SecureAggregationError) -> Topology {
    clients <= 200
      ? .complete(threshold: smallestThreshold(clients: clients))
      : .regular(try .smallest(clients: clients, under: assumption))
  }

  func check(clients: Int) throws(SecureAggregationError) {
    switch self {
    case .complete(let threshold):
      guard 3 * threshold > 2 * clients, threshold <= clients else {
        throw .plan(
          reason: "a threshold of \(threshold) of \(clients) clients is not more than two thirds of them; "
            + "take \(Self.smallestThreshold(clients: clients)) to \(clients)")
      }
    case .regular(let graph):
      guard graph.clientCount == clients else {
        throw .plan(reason: "its graph was chosen for \(graph.clientCount) clients, not \(clients)")
      }
    }
  }

  func append(to writer: inout ByteWriter) {
    switch self {
    case .complete(let threshold):
      writer.append(UInt8(0))
      writer.append(UInt32(threshold))
    case .regular(let graph):
      writer.append(UInt8(1))
      writer.append(UInt32(graph.threshold))
      writer.append(UInt32(graph.degree))
      writer.append(UInt8(graph.assumption.server == .active ? 1 : 0))
      writer.append(graph.assumption.corrupted.bitPattern)
      writer.append(graph.assumption.dropouts.bitPattern)
    }
  }
}
