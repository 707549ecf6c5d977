/// The server's side of one attempt, without network and clock.
///
/// `begin()` gives the first messages. After each stage the driver hands over the replies that came in time, all at
/// once by ``receive(_:)`` or one by one by ``accept(_:from:)`` and then ``advance()``, and gets the next messages or
/// the sum. A client whose reply is missing or bad has dropped out; bad ones are named in ``refusals``. An error ends
/// the attempt.
///
/// Replies of masked inputs are added up as they come: the server holds one vector, whatever the number of clients.
public struct AggregationServer: Sendable {
  /// What comes next.
  public enum Step: Sendable {
    case ask([ClientID: OutgoingMessage])
    case finished(AggregationResult)
  }

  public let plan: AggregationPlan
  public let attempt: AttemptID
  /// The replies that did not count, with the reason.
  public private(set) var refusals: [ClientID: SecureAggregationError] = [:]
  /// What replies are waited for; nil before the beginning and after the end.
  public private(set) var expected: MessageKind?

  let context: AttemptContext
  let announcement: Announcement
  let roster: Roster
  var records: ServerRecords

  /// An attempt with `plan.clientCount` clients of the roster, in any order.
  public init(
    plan: AggregationPlan, roster: Roster, cohort: [ClientID], attempt: AttemptID = AttemptID()
  ) throws(SecureAggregationError) {
    let clients = cohort.sorted()
    guard clients.count == plan.clientCount else {
      throw .plan(reason: "it is for \(plan.clientCount) clients, and the cohort has \(clients.count)")
    }
    self.plan = plan
    self.attempt = attempt
    self.roster = roster
    announcement = Announcement(attempt: attempt, planDigest: plan.digest, clients: clients)
    context = AttemptContext(announcement, cohort: try Cohort(clients, roster: roster))
    records = ServerRecords(plan: plan)
  }

  /// The announcement, for every client of the cohort.
  public mutating func begin() -> [ClientID: OutgoingMessage] {
    expected = .advertisement
    let message = OutgoingMessage(shared: announcement.bytes)
    return Dictionary(uniqueKeysWithValues: context.cohort.clients.map { ($0, message) })
  }

  /// The clients whose replies are waited for.
  public var awaited: [ClientID] {
    expected == nil
      ? [] : records.asked.members.filter { !records.replied.contains($0) }.map { context.cohort.clients[$0] }
  }

  /// Takes the replies of a stage and ends it.
  public mutating func receive(_ replies: [ClientID: [UInt8]]) throws(SecureAggregationError) -> Step {
    for (client, reply) in replies { accept(reply, from: client) }
    return try advance()
  }

  /// Takes one reply of the present stage; a bad one counts as none, and the reason is kept.
  public mutating func accept(_ reply: [UInt8], from client: ClientID) {
    do throws(SecureAggregationError) {
      guard let place = context.cohort.place(of: client) else { throw .stranger(client) }
      try take(reply, from: place)
      records.replied.insert(place)
    } catch {
      refusals[client] = error
    }
  }

  /// Ends the stage with the replies that were taken.
  public mutating func advance() throws(SecureAggregationError) -> Step {
    let stage = expected
    // Whatever fails below, this attempt is not gone on with.
    expected = nil
    switch stage {
    case .advertisement: return next(.shares, asking: try keyLists())
    case .shares: return next(.maskedInput, asking: try deliveries())
    case .maskedInput: return next(.agreement, asking: try survivorLists())
    case .agreement: return next(.unmasking, asking: try agreementLists())
    case .unmasking: return .finished(try unmask())
    case .announcement, .keyList, .delivery, .survivors, .agreements, nil: throw .abandoned
    }
  }

  private mutating func next(_ kind: MessageKind, asking messages: [ClientID: OutgoingMessage]) -> Step {
    expected = kind
    records.asked = MemberSet(messages.keys.compactMap(context.cohort.place(of:)), of: plan.clientCount)
    records.replied = MemberSet(of: plan.clientCount)
    return .ask(messages)
  }

  private mutating func take(_ reply: [UInt8], from place: Int) throws(SecureAggregationError) {
    guard let expected else { throw .abandoned }
    guard records.asked.contains(place) else {
      throw .unexpected(try MessageHeader(decoding: reply).kind, expected: nil)
    }
    let (_, opened) = try MessageHeader.open(reply, as: expected, of: attempt)
    guard !records.replied.contains(place) else { throw .duplicate(expected) }
    var body = opened
    switch expected {
    case .advertisement: try takeAdvertisement(&body, from: place)
    case .shares: try takeShares(&body, from: place)
    case .maskedInput: records.sum.add(packed: try body.remainder(plan.vectorByteCount))
    case .agreement: try takeAgreement(&body, from: place)
    case .unmasking: try takeUnmasking(&body, from: place)
    case .announcement, .keyList, .delivery, .survivors, .agreements: throw .abandoned
    }
  }
}

/// The outcome of an attempt.
public struct AggregationResult: Sendable {
  /// The sum over the contributors, value by value.
  public let sum: [UInt64]
  /// Whose values are in it, in ascending order.
  public let contributors: [ClientID]
}
