public import Tensors
import Transports

/// Words of one party, under masks that it knows and all share (`docs/protocols/spdz.md`, 3).
extension AuthenticatedScheme {
  /// Shares a value of one of the parties: it broadcasts e = x − r. One round, 16(n − 1) bytes a scalar from the owner; dealt:
  /// 32 bytes a scalar.
  ///
  /// - Parameter value: the words at the owner; not looked at elsewhere.
  public func input(_ value: RingTensor?, of owner: Int, shape: Shape) async throws -> AuthenticatedShare {
    let inputs = [Demand.Input(owner: owner, count: shape.count)]
    let own = WideTensor(low: value ?? RingTensor(repeating: 0, shape: shape))
    let shares = try await shared([party == owner ? own.reshaped(to: [shape.count]) : nil], inputs)
    return AuthenticatedShare(shares[0].apply { $0.reshaped(to: shape) })
  }

  /// The products with what all parties brought by themselves: one round where there is any.
  func brought(_ products: [AuthenticatedProduct]) async throws -> [AuthenticatedWords] {
    let items = products.filter { $0.own != nil && $0.shape.count > 0 }
    guard !items.isEmpty else { return products.map(\.words) }
    let inputs = (0..<partyCount).flatMap { owner in
      items.map { Demand.Input(owner: owner, count: $0.shape.count) }
    }
    let shares = try await shared(
      (0..<partyCount).flatMap { owner in
        items.map { owner == party ? $0.own.map { WideTensor(low: $0.reshaped(to: [$0.count])) } : nil }
      }, inputs)
    var sums = (0..<items.count).map { index in
      stride(from: index + items.count, to: shares.count, by: items.count).reduce(shares[index]) { $0 + shares[$1] }
    }[...]
    return products.map { product in
      guard product.own != nil, product.shape.count > 0 else { return product.words }
      let sum = sums.removeFirst().apply { $0.reshaped(to: product.shape) }
      return product.words + sum
    }
  }

  /// One round: each owner broadcasts its words, of any shape of one axis, under masks.
  func shared(_ values: [WideTensor?], _ inputs: [Demand.Input]) async throws -> [AuthenticatedWords] {
    var draws = try await deal(.inputs(inputs))
    var outbox = Outbox()
    var hidden: [WideTensor] = []
    var masks: [AuthenticatedWords] = []
    for (value, input) in zip(values, inputs) {
      let known = draws.mask(2 * input.count)
      masks.append(draws.authenticatedWords([input.count]))
      guard let value, input.owner == party else {
        hidden.append(WideTensor(repeating: 0, shape: [input.count]))
        continue
      }
      let words = value - WideTensor(shape: [input.count], words: known)
      hidden.append(words)
      outbox.append(words.words)
    }
    if let replay {
      for (index, input) in inputs.enumerated() { hidden[index].words = try replay.opened(2 * input.count) }
      return zip(masks, hidden).map { $0 + publicWords($1) }
    }
    let counts = (0..<partyCount).map { owner in
      inputs.reduce(0) { $0 + ($1.owner == owner ? 16 * $1.count : 0) }
    }
    for (peer, message) in zip(channel.peers, try await broadcast(outbox, expecting: counts, as: .input)) {
      var inbox = message
      for (index, input) in inputs.enumerated() where input.owner == peer {
        hidden[index].words = inbox.words(2 * input.count)
      }
    }
    for words in hidden {
      ledger.note(words.words)
      identity?.record.append(words.words)
    }
    return zip(masks, hidden).map { $0 + publicWords($1) }
  }
}
