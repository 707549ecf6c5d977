public import Tensors

/// What leaves the parties.
extension AuthenticatedScheme {
  /// Nine rounds: a check, the opening, a check of it. 16(n − 1) bytes a party and scalar and 432 (n − 1) for the checks;
  /// dealt: 16 bytes a scalar.
  ///
  /// The upper halves are hidden: they would tell of products of upper halves.
  public func open(_ shares: [AuthenticatedShare]) async throws -> [RingTensor] {
    guard shares.contains(where: { $0.shape.count > 0 }) else { return shares.map(\.words.value.low) }
    var draws = try await deal(.masks(counts: shares.map(\.shape.count)))
    return try await openChecked(
      shares.map { $0.words + draws.authenticatedMask($0.shape).scaled(by: 1 << 64) })
  }

  /// Nine rounds: opens words modulo 2⁶⁴ between two checks.
  ///
  /// - Parameter hidden: the words under masks of their upper halves at least.
  func openChecked(_ hidden: [AuthenticatedWords]) async throws -> [RingTensor] {
    try await check()
    layer = "output"
    let opened = try await openSums(hidden).words
    try await check()
    return opened.map(\.low)
  }
}
