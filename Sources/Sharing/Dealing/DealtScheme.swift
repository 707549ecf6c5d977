package import Tensors
package import Transports

/// A scheme whose parties have correlated randomness from a dealer: what programs that are dealt ahead need of it.
package protocol DealtScheme: SharingScheme, SendableMetatype {
  /// One party's part of what an owner outside shares.
  associatedtype Piece: Sendable

  /// How the dealer shares what it deals.
  static var form: DealtForm { get }
  static func costs(partyCount: Int) -> any CostModel

  /// What an owner outside sends to each party, in the order of the tensors, and what it keeps.
  ///
  /// - Parameter answers: shapes of what it is to be told.
  static func parcels(of tensors: [RingTensor], answers: [Shape], partyCount: Int) -> OwnerParcels
  /// One party's piece from its parcel.
  ///
  /// - Throws: ``SharingError/unexpectedLength(from:expected:received:)`` when the parcel does not fit the shapes.
  static func unpack(
    _ parcel: AdditiveSharing.Parcel, party: PartyID, partyCount: Int, shapes: [Shape], answers: [Shape]
  ) throws -> Piece
  /// What the parties told their owner with ``release(_:under:)``, one party's words after the other's.
  ///
  /// - Parameter mask: what the owner kept.
  /// - Throws: ``SharingError/cheating(check:layer:culprit:)`` where they must say the same and do not.
  static func combine(_ answers: [RingTensor], mask: RingTensor?) throws -> RingTensor

  /// Starts a session.
  ///
  /// - Parameters:
  ///   - session: a name all parties give alike.
  ///   - keys: what names the keys of MACs, where there are any, at the dealer as here.
  static func start(
    over channel: any Channel, source: any CorrelationSource, session: String, keys: String
  ) async throws -> Self
  /// The same where who cheats is to be named.
  ///
  /// - Throws: ``SharingError/notAvailable(operations:engine:)`` where the scheme cannot.
  static func start(
    over channel: any Channel, source: any CorrelationSource, session: String, keys: String,
    identification: Identification?
  ) async throws -> Self
  /// Runs a program, all of a session; where who cheats is to be named and a check fails, once more without messages.
  func identifying<Value>(_ program: (Self) async throws -> Value) async throws -> Value

  var party: PartyID { get }
  var partyCount: Int { get }
  /// What this party has sent and been dealt, and the rounds it has gone through, since the session began.
  var traffic: Cost { get }

  /// Moves on to the next run of a program, or to the one named: see ``AdditiveScheme/beginStep(of:at:)``.
  func beginStep(of program: String, at number: UInt32?) throws
  /// Takes over what an owner outside has shared.
  func admit(_ piece: Piece) async throws -> Admission<Share>
  /// Demands what ``admit(_:)`` demands of the dealer, in a rehearsal; the shares are of zeros.
  func rehearseAdmission(of shapes: [Shape], answers: [Shape]) async throws -> Admission<Share>
  /// Noise that the dealer has drawn: rounded normal deviates of deviation 2^bits.
  ///
  /// - Throws: ``SharingError/notAvailable(operations:engine:)`` where parties bring noise of their own instead.
  func noise(of shapes: [Shape], bits: Int) async throws -> [Share]
  /// Makes sure that all that was opened was opened rightly, where the scheme can.
  func check() async throws
  /// What this party tells the owner of a result.
  ///
  /// - Parameter mask: of those that the owner has shared for its answers, the one for this result; used once.
  func release(_ share: Share, under mask: Share?) async throws -> RingTensor
}

/// What an owner outside sends to the parties, in their order, and the masks of its answers, which it keeps.
package struct OwnerParcels: Sendable {
  package let parcels: [AdditiveSharing.Parcel]
  package let masks: [RingTensor]
}

extension OwnerParcels: CustomStringConvertible, CustomReflectable {
  package var description: String { "‹parcels for \(parcels.count) parties›" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// What parties hold of an owner's tensors and of the masks of its answers; there are none where answers need none.
package struct Admission<Share: SecretShare>: Sendable {
  package let shares: [Share]
  package let masks: [Share]
}

extension DealtScheme {
  package static func start(
    over channel: any Channel, source: any CorrelationSource, session: String, keys: String,
    identification: Identification?
  ) async throws -> Self {
    guard identification == nil else {
      throw SharingError.notAvailable(operations: ["naming a cheater"], engine: costs(partyCount: 2).name)
    }
    return try await start(over: channel, source: source, session: session, keys: keys)
  }

  package func noise(of shapes: [Shape], bits: Int) async throws -> [Share] {
    throw SharingError.notAvailable(operations: ["noise of the dealer's"], engine: Self.costs(partyCount: 2).name)
  }

  /// Runs the program.
  package func identifying<Value>(_ program: (Self) async throws -> Value) async throws -> Value {
    try await program(self)
  }
}

extension AdditiveScheme: DealtScheme {
  package static var form: DealtForm { .additive }
  package static func costs(partyCount: Int) -> any CostModel { AdditiveCosts(partyCount: partyCount) }

  package static func start(
    over channel: any Channel, source: any CorrelationSource, session: String, keys: String
  ) async throws -> AdditiveScheme {
    try await start(over: channel, source: source, session: session)
  }

  package static func parcels(of tensors: [RingTensor], answers: [Shape], partyCount: Int) -> OwnerParcels {
    OwnerParcels(parcels: AdditiveSharing.parcels(of: tensors, partyCount: partyCount), masks: [])
  }

  package static func unpack(
    _ parcel: AdditiveSharing.Parcel, party: PartyID, partyCount: Int, shapes: [Shape], answers: [Shape]
  ) throws -> [AdditiveShare] {
    try AdditiveSharing.unpack(parcel, party: party, partyCount: partyCount, shapes: shapes)
  }

  /// Their sum.
  package static func combine(_ answers: [RingTensor], mask: RingTensor?) -> RingTensor {
    answers.dropFirst().reduce(answers[0]) { $0 + $1 }
  }

  /// Silent: what an owner sends is a share.
  package func admit(_ piece: [AdditiveShare]) -> Admission<AdditiveShare> { Admission(shares: piece, masks: []) }

  package func rehearseAdmission(of shapes: [Shape], answers: [Shape]) -> Admission<AdditiveShare> {
    Admission(shares: shapes.map { constant(RingTensor(repeating: 0, shape: $0)) }, masks: [])
  }

  /// Nothing: the parties follow the protocol.
  package func check() {}

  package func release(_ share: AdditiveShare, under mask: AdditiveShare?) -> RingTensor { summandForOutside(share) }
}
