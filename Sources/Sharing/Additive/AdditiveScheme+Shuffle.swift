import CKernels
import Tensors

/// Rows in an order that nobody knows: each party in turn applies a permutation of its own.
///
/// Source: Chase, Ghosh and Poburinnaya, *Secret-Shared Shuffle*, ASIACRYPT 2020, with its share translation dealt: the
/// party in turn is sent the others' summands under masks, permutes the sum, and everybody takes a new summand from the
/// dealer, who has shared the permuted masks. All but one party together miss that one's permutation.
extension AdditiveScheme {
  /// n rounds, 8(n − 1) bytes a scalar each; dealt: 8n bytes a scalar.
  public func shuffle(_ shares: [AdditiveShare]) async throws -> [AdditiveShare] {
    let rowCount = shares.first?.shape[0] ?? 0
    precondition(
      shares.allSatisfy { $0.shape[0] == rowCount }, "rows that are shuffled together are as many everywhere")
    guard shares.contains(where: { $0.shape.count > 0 }) else { return shares }
    var draws = try await deal(.shuffle(shapes: shares.map(\.shape)))
    var summands = shares.map(\.summand)
    for owner in 0..<partyCount {
      let order = draws.order(rowCount, isOwn: party == owner)
      var outbox = Outbox()
      var fresh: [RingTensor] = []
      for summand in summands {
        let mask = RingTensor(shape: summand.shape, scalars: draws.mask(summand.count))
        outbox.append((summand - mask).scalars)
        fresh.append(RingTensor(shape: summand.shape, scalars: draws.words(summand.count)))
      }
      var inboxes = try await collect(at: owner, outbox)
      guard let order else {
        summands = fresh
        continue
      }
      summands = zip(summands, fresh).map { own, fresh in
        var sum = own.scalars
        for index in inboxes.indices { inboxes[index].add(to: &sum) }
        return RingTensor(shape: own.shape, scalars: sum).gatherRows(order) + fresh
      }
    }
    return summands.map(AdditiveShare.init)
  }
}
