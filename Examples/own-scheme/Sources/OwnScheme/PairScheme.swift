import Tacit

/// A party's summand of secret words: both parties' add up to them, modulo 2⁶⁴.
struct Summand: SecretShare {
  let words: RingTensor
  var shape: Shape { words.shape }
}

/// A party's half of secret bits: the exclusive or of both is the bits. One bit a word, to keep this short.
struct BitHalf: SecretShare {
  let words: RingTensor
  var shape: Shape { words.shape }
}

/// Secret sharing between two parties who get correlated randomness from somebody who sees no data.
///
/// Threat model: semi-honest. Either party alone learns nothing, as long as whoever deals does not work together with it.
/// Products are Beaver's (CRYPTO 1991), truncation is that of Dalskov, Escudero and Keller (PETS 2020); bits ripple, so that a
/// comparison takes as many rounds as it has bits.
final class PairScheme: SharingScheme {
  typealias Share = Summand
  typealias Product = Summand
  typealias Bits = BitHalf

  private let channel: any Channel
  private let correlations: Correlations
  private var operations = 0
  private(set) var rounds = 0

  init(over channel: any Channel, correlations: Correlations) {
    self.channel = channel
    self.correlations = correlations
  }

  /// Party 0 adds what is public.
  private var isFirst: Bool { channel.party == 0 }

  /// The next piece of correlated randomness; both parties ask for the same ones in the same order.
  func deal(_ demand: Correlations.Demand) async -> Correlations.Piece {
    operations += 1
    return await correlations.piece(of: demand, operation: operations, for: channel.party)
  }

  /// One round: tells the other party, and hears from it.
  func swap(_ words: [UInt64]) async throws -> [UInt64] {
    rounds += 1
    let peer = 1 - channel.party
    let message = words.withUnsafeBytes { Message($0) }
    let answer = try await channel.exchange([Outgoing(message, to: peer)], from: [peer])[0]
    guard answer.count == message.count else {
      throw SharingError.unexpectedLength(from: peer, expected: message.count, received: answer.count)
    }
    return answer.withUnsafeBytes { bytes in
      (0..<words.count).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    }
  }

  /// One round: tells the other party, and hears from it nothing.
  func send(_ words: [UInt64]) async throws {
    try await channel.send(words.withUnsafeBytes { Message($0) }, to: 1 - channel.party)
  }

  func receive(_ count: Int) async throws -> [UInt64] {
    rounds += 1
    let message = try await channel.receive(from: 1 - channel.party)
    guard message.count == 8 * count else {
      throw SharingError.unexpectedLength(from: 1 - channel.party, expected: 8 * count, received: message.count)
    }
    return message.withUnsafeBytes { bytes in
      (0..<count).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    }
  }

  var party: PartyID { channel.party }

  /// The words at party 0, nothing at the other.
  func once(_ words: RingTensor) -> RingTensor {
    isFirst ? words : RingTensor(repeating: 0, shape: words.shape)
  }
}

// What each party does by itself.
extension PairScheme {
  func constant(_ value: RingTensor) -> Summand { Summand(words: once(value)) }
  func add(_ a: Summand, _ b: Summand) -> Summand { Summand(words: a.words + b.words) }
  func subtract(_ a: Summand, _ b: Summand) -> Summand { Summand(words: a.words - b.words) }
  func add(_ a: Summand, word: UInt64) -> Summand { party == 0 ? Summand(words: a.words.adding(word)) : a }
  func scale(_ a: Summand, by word: UInt64) -> Summand { Summand(words: a.words.scaled(by: word)) }
  func product(_ a: Summand, by word: UInt64) -> Summand { scale(a, by: word) }
  func add(_ a: Summand, own words: RingTensor) -> Summand { Summand(words: a.words + words) }

  func map(_ a: Summand, to shape: Shape, _ linear: (RingTensor) -> RingTensor) -> Summand {
    Summand(words: linear(a.words))
  }

  func concatenate(_ shares: [Summand], axis: Int) -> Summand {
    Summand(words: RingTensor.concatenated(shares.map(\.words), axis: axis))
  }

  func not(_ bits: BitHalf) -> BitHalf {
    BitHalf(words: bits.words.xor(once(RingTensor(repeating: 1, shape: bits.shape))))
  }

  func exclusiveOr(_ a: BitHalf, _ b: BitHalf) -> BitHalf { BitHalf(words: a.words.xor(b.words)) }
  func reshape(_ bits: BitHalf, to shape: Shape) -> BitHalf { BitHalf(words: bits.words.reshaped(to: shape)) }

  func slice(_ bits: BitHalf, _ range: Range<Int>) -> BitHalf {
    BitHalf(words: RingTensor(shape: [range.count], scalars: Array(bits.words.scalars[range])))
  }

  func concatenate(_ bits: [BitHalf]) -> BitHalf { BitHalf(words: .flat(bits.map(\.words))) }
}

extension RingTensor {
  /// Scalar by scalar.
  func combined(_ other: RingTensor, _ body: (UInt64, UInt64) -> UInt64) -> RingTensor {
    RingTensor(shape: shape, scalars: zip(scalars, other.scalars).map(body))
  }

  func xor(_ other: RingTensor) -> RingTensor { combined(other, ^) }
  func and(_ other: RingTensor) -> RingTensor { combined(other, &) }

  /// The scalars of all, one after the other.
  static func flat(_ tensors: [RingTensor]) -> RingTensor {
    let scalars = tensors.flatMap(\.scalars)
    return RingTensor(shape: [scalars.count], scalars: scalars)
  }
}

extension Array where Element == UInt64 {
  /// Cuts the words into tensors of these shapes.
  func tensors(_ shapes: [Shape]) -> [RingTensor] {
    var offset = 0
    return shapes.map { shape in
      defer { offset += shape.count }
      return RingTensor(shape: shape, scalars: Array(self[offset..<offset + shape.count]))
    }
  }
}
