public import Crypto

/// One client's side of one attempt: it gets the server's five messages in turn and answers each.
///
/// | message         | checked                                                       | answer                         |
/// | --------------- | ------------------------------------------------------------- | ------------------------------ |
/// | announcement    | plan, cohort and own place against plan and roster            | keys, signed                   |
/// | list of keys    | signatures; own keys; enough present                          | shares, encrypted for each     |
/// | delivery        | boxes open under the keys of this attempt; enough delivered   | masked input                   |
/// | survivors       | itself among them, none that never shared, enough             | signature on the list          |
/// | agreements      | enough signatures on the very same list                       | a share of each, one kind only |
///
/// An error ends the attempt for this client: it answers nothing more, and a new attempt is a new client. Before the
/// last answer leaves, the attempt is noted in the ``UnmaskingRecord``.
///
/// - Threat model: the server may deviate, together with up to a third of the clients; for regular graphs see
///   docs/SECURE-AGGREGATION.md.
/// - Source: Bonawitz et al., *Practical Secure Aggregation for Privacy-Preserving Machine Learning*, CCS 2017,
///   figure 4.
public struct AggregationClient: Sendable {
  public let client: ClientID
  public let plan: AggregationPlan
  let signingKey: P256.Signing.PrivateKey
  let roster: Roster
  let record: any UnmaskingRecord
  /// Taken away as soon as it is masked.
  private var input: MaskedVector
  private var state: ClientState = .waiting

  /// A client with its values, `plan.vectorLength` of them, none above `plan.largestValue`.
  public init(
    client: ClientID, signingKey: P256.Signing.PrivateKey, roster: Roster, plan: AggregationPlan, input: [UInt32],
    record: any UnmaskingRecord
  ) throws(SecureAggregationError) {
    if let largest = input.max(), largest > plan.largestValue {
      throw .outOfRange(coordinate: input.firstIndex { $0 > plan.largestValue } ?? 0)
    }
    try self.init(
      client: client, signingKey: signingKey, roster: roster, plan: plan,
      vector: MaskedVector(input, bits: plan.modulusBits), record: record)
  }

  /// The same with values of more than 32 bits.
  public init(
    client: ClientID, signingKey: P256.Signing.PrivateKey, roster: Roster, plan: AggregationPlan, input: [UInt64],
    record: any UnmaskingRecord
  ) throws(SecureAggregationError) {
    if let largest = input.max(), largest > plan.largestValue {
      throw .outOfRange(coordinate: input.firstIndex { $0 > plan.largestValue } ?? 0)
    }
    try self.init(
      client: client, signingKey: signingKey, roster: roster, plan: plan,
      vector: MaskedVector(input, bits: plan.modulusBits), record: record)
  }

  private init(
    client: ClientID, signingKey: P256.Signing.PrivateKey, roster: Roster, plan: AggregationPlan,
    vector: MaskedVector, record: any UnmaskingRecord
  ) throws(SecureAggregationError) {
    guard roster[client]?.rawRepresentation == signingKey.publicKey.rawRepresentation else { throw .stranger(client) }
    guard vector.count == plan.vectorLength else {
      throw .wrongLength(expected: plan.vectorLength, given: vector.count)
    }
    self.client = client
    self.signingKey = signingKey
    self.roster = roster
    self.plan = plan
    input = vector
    self.record = record
  }

  /// Whether the last answer was given.
  public var isFinished: Bool {
    if case .finished = state { true } else { false }
  }

  /// The reply to the server's next message.
  public mutating func answer(_ message: [UInt8]) throws(SecureAggregationError) -> [UInt8] {
    let before = state
    // Whatever fails below, this attempt is not gone on with.
    state = .over
    let (next, reply) = try step(from: before, message)
    state = next
    return reply
  }

  private mutating func step(
    from state: ClientState, _ message: [UInt8]
  ) throws(SecureAggregationError) -> (ClientState, [UInt8]) {
    switch state {
    case .waiting: return try advertise(message)
    case .advertised(let opening): return try share(message, opening)
    case .shared(let sharing):
      // Taken out, so that it is masked in place.
      var vector = input
      input = MaskedVector(count: 0, bits: plan.modulusBits)
      return try mask(message, sharing, &vector)
    case .masked(let masking): return try agree(message, masking)
    case .agreed(let agreement): return try unmask(message, agreement)
    case .finished: throw .unexpected(try MessageHeader(decoding: message).kind, expected: nil)
    case .over: throw .abandoned
    }
  }
}

/// How far a client is, with what it knows then.
enum ClientState: Sendable {
  case waiting
  case advertised(Opening)
  case shared(Sharing)
  case masked(Masking)
  case agreed(Agreement)
  case finished
  case over

  /// After its keys went out.
  struct Opening: Sendable {
    let context: AttemptContext
    let place: Int
    let keys: AttemptKeys
    let advertisement: Advertisement
  }

  /// After its shares went out.
  struct Sharing: Sendable {
    let opening: Opening
    let keysDigest: [UInt8]
    let present: MemberSet
    /// The neighbours who are present.
    let neighbours: MemberSet
    let advertisements: [Int: Advertisement]
    /// Under which the neighbours' boxes for it are sealed.
    let boxKeys: [Int: SymmetricKey]
    /// Its share of its own seed.
    let ownSeedShare: FieldElement
  }

  /// After its masked input went out.
  struct Masking: Sendable {
    let sharing: Sharing
    /// The neighbours whose shares it holds.
    let sharers: MemberSet
    let shares: [Int: SharePair]

    /// Those who hold shares of its secrets: the sharers and itself.
    var holders: MemberSet {
      var holders = sharers
      holders.insert(sharing.opening.place)
      return holders
    }
  }

  /// After it signed a list of survivors.
  struct Agreement: Sendable {
    let masking: Masking
    let survivors: MemberSet
  }
}

extension AggregationClient: CustomStringConvertible, CustomReflectable {
  public var description: String { "‹client \(client) of a secure aggregation›" }
  /// Empty, which keeps `dump` and debuggers away from input and keys.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
