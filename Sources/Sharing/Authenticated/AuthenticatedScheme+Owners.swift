import Arithmetic
import CKernels
package import Tensors
package import Transports

/// Owners outside: their tensors come in by every party's input of its summands, and no party can have changed its own
/// (`docs/protocols/spdz.md`, 3a); their answers go out under masks of theirs.
extension AuthenticatedScheme: DealtScheme {
  package static var form: DealtForm { .authenticated }
  package static func costs(partyCount: Int) -> any CostModel { AuthenticatedCosts(partyCount: partyCount) }

  package static func parcels(of tensors: [RingTensor], answers: [Shape], partyCount: Int) -> OwnerParcels {
    AuthenticatedSharing.parcels(of: tensors, answers: answers, partyCount: partyCount)
  }

  package static func unpack(
    _ parcel: AdditiveSharing.Parcel, party: PartyID, partyCount: Int, shapes: [Shape], answers: [Shape]
  ) throws -> AuthenticatedPiece {
    try AuthenticatedSharing.unpack(parcel, party: party, partyCount: partyCount, shapes: shapes, answers: answers)
  }

  /// What all parties say alike, without the mask.
  package static func combine(_ answers: [RingTensor], mask: RingTensor?) throws -> RingTensor {
    guard let mask, answers.allSatisfy({ $0 == answers[0] }) else {
      throw SharingError.cheating(check: .answers, layer: "output")
    }
    return answers[0] - mask.reshaped(to: answers[0].shape)
  }

  /// Five rounds: everybody's summands as inputs, a coin, and whether the owner's factor times a random sum of the words is the
  /// same sum of the products that the owner has sent.
  ///
  /// - Throws: ``SharingError/cheating(check:layer:culprit:)`` where a party has changed what it was sent, or the owner sent something
  ///   else than the products.
  package func admit(_ piece: AuthenticatedPiece) async throws -> Admission<AuthenticatedShare> {
    layer = "input"
    let words = try await gathered(piece.words)
    let weights = try await admissionCoin().words(count: (words.count - 3) / 2, counterHigh: 0, counterLow: 0)
    let difference = try await openSums([try await difference(words, weights)]).words[0]
    if !difference.words.allSatisfy({ $0 == 0 }) {
      // Was it opened wrongly? Who names cheaters lets the next check say, so that all parties go on alike up to there.
      guard identity != nil || replay != nil else { throw fail(.inputs, layer: layer) }
      hasWrongInputs = true
    }
    return admission(words, piece.shapes, piece.answers)
  }

  /// Two rounds; what is made of the coin is opened, so it is part of the record.
  private func admissionCoin() async throws -> PseudorandomGenerator {
    if let replay {
      return TossedCoin(key: try replay.opened(2).flatMap(\.bytes), transcript: []).weights
    }
    checkCount += 1
    let coin = try await tossCoin(isKept: true)
    identity?.record.append([UInt64(bytes: coin.key.prefix(8)), UInt64(bytes: coin.key.suffix(8))])
    return coin.weights
  }

  package func rehearseAdmission(of shapes: [Shape], answers: [Shape]) async throws -> Admission<AuthenticatedShare> {
    let count = AuthenticatedSharing.wordCount(of: (shapes + answers).reduce(0) { $0 + $1.count })
    let words = try await gathered(WideTensor(repeating: 0, shape: [count]))
    _ = try await difference(words, [UInt64](repeating: 0, count: (count - 3) / 2))
    return admission(words, shapes, answers)
  }

  /// The sum of all parties' summands, with MACs.
  private func gathered(_ own: WideTensor) async throws -> AuthenticatedWords {
    let shares = try await shared(
      (0..<partyCount).map { $0 == party ? own : nil },
      (0..<partyCount).map { Demand.Input(owner: $0, count: own.count) })
    return shares.dropFirst().reduce(shares[0]) { $0 + $1 }
  }

  /// Σ χᵢ·(βxᵢ) + βu − β·(Σ χᵢxᵢ + u): zero where all is as the owner sent it.
  private func difference(_ words: AuthenticatedWords, _ weights: [UInt64]) async throws -> AuthenticatedWords {
    let count = weights.count
    func sum(from start: Int) -> AuthenticatedWords {
      words.apply { all in
        WideTensor(repeating: all.sliced(start..<start + count).dot(weights), shape: [1])
          + all.sliced(start + count..<start + count + 1)
      }
    }
    let factor = AuthenticatedShare(words.apply { $0.sliced(2 * (count + 1)..<2 * (count + 1) + 1) })
    let pair = Multiplication(.elementwise([1]), factor, AuthenticatedShare(sum(from: 0)))
    return sum(from: count + 1) - (try await multiply([pair])[0].words)
  }

  private func admission(
    _ words: AuthenticatedWords, _ shapes: [Shape], _ answers: [Shape]
  ) -> Admission<AuthenticatedShare> {
    var offset = 0
    let shares = (shapes + answers).map { shape in
      defer { offset += shape.count }
      return AuthenticatedShare(words.apply { $0.sliced(offset..<offset + shape.count).reshaped(to: shape) })
    }
    return Admission(shares: Array(shares.prefix(shapes.count)), masks: Array(shares.suffix(answers.count)))
  }

  /// Nine rounds: a check, the opening under a mask that its receiver knows, a check of it. 16(n − 1) bytes a party and scalar
  /// and 432(n − 1) for the checks, then 8 from every party to the receiver.
  package func release(_ share: AuthenticatedShare, under mask: AuthenticatedShare?) async throws -> RingTensor {
    guard let mask else { throw SharingError.missingShare("the mask of the answer") }
    return try await openChecked([share.words + mask.words])[0]
  }
}
