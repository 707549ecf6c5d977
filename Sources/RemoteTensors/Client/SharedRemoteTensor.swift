public import Tensors

/// A tensor of which several workers hold a summand each, so that none of them knows it.
///
/// Sums, differences and multiples by public numbers: each holder computes them alone, nothing passes between them.
/// Products of two shared tensors need the workers to talk to each other with a dealer whom they trust; they are the
/// business of the room Sharing, and not offered here.
public struct SharedRemoteTensor: Sendable {
  /// One for each holder, in the order in which the workers were named.
  let pieces: [RemoteTensor]

  public var shape: Shape { pieces[0].shape }
  public var holders: [RemoteWorker] { pieces.map(\.worker) }

  /// The tensor, opened by all holders together: each of those who gave data decides by its own policy.
  ///
  /// The result is exact to 2^−17 for each shared operand, times the factors that it was multiplied by.
  public func get() async throws(RemoteError) -> Tensor<Float> {
    defer { withExtendedLifetime(pieces) {} }
    var sum = RingTensor(repeating: 0, shape: shape)
    var fractionBits: Int?
    for piece in pieces {
      let summand = try await piece.worker.summand(piece.id)
      guard summand.shape == shape, fractionBits ?? summand.fractionBits == summand.fractionBits else {
        throw .malformedReply(from: piece.worker.name)
      }
      fractionBits = summand.fractionBits
      sum = sum + summand.ring
    }
    return FixedTensor(ring: sum, fractionBits: fractionBits ?? 0).decoded()
  }

  public static func + (a: SharedRemoteTensor, b: SharedRemoteTensor) async throws(RemoteError) -> SharedRemoteTensor {
    try await a.combined(with: b, subtracting: false)
  }
  public static func - (a: SharedRemoteTensor, b: SharedRemoteTensor) async throws(RemoteError) -> SharedRemoteTensor {
    try await a.combined(with: b, subtracting: true)
  }

  /// The tensor times a public number of at most 16 bits behind the point; others are rounded to that.
  ///
  /// Refused where words of 64 bits could overflow: factors together have about 20 bits.
  public func scaled(by factor: Float) async throws(RemoteError) -> SharedRemoteTensor {
    defer { withExtendedLifetime(pieces) {} }
    var scaled: [RemoteTensor] = []
    for piece in pieces { scaled.append(try await piece.worker.pointer(.scale(id: piece.id, by: factor))) }
    return SharedRemoteTensor(pieces: scaled)
  }

  private func combined(
    with other: SharedRemoteTensor, subtracting: Bool
  ) async throws(RemoteError) -> SharedRemoteTensor {
    defer { withExtendedLifetime((pieces, other.pieces)) {} }
    guard pieces.count == other.pieces.count, zip(pieces, other.pieces).allSatisfy({ $0.worker === $1.worker }) else {
      throw .misuse("two shared tensors must be held by the same workers, named in the same order")
    }
    var combined: [RemoteTensor] = []
    for (a, b) in zip(pieces, other.pieces) {
      combined.append(try await a.worker.pointer(.combine(id: a.id, with: b.id, subtracting: subtracting)))
    }
    return SharedRemoteTensor(pieces: combined)
  }
}
