import Crypto

/// Who takes part in an attempt: names in ascending order, by whose places the messages speak.
struct Cohort: Sendable {
  let clients: [ClientID]
  private let places: [ClientID: Int]

  /// The cohort of these clients, each of which must be in the roster.
  init(_ clients: [ClientID], roster: Roster) throws(SecureAggregationError) {
    var places: [ClientID: Int] = [:]
    for (place, client) in clients.enumerated() {
      guard client.isValid, place == 0 || clients[place - 1] < client else { throw .badName(client) }
      guard roster[client] != nil else { throw .stranger(client) }
      places[client] = place
    }
    self.clients = clients
    self.places = places
  }

  func place(of client: ClientID) -> Int? { places[client] }

  var count: Int { clients.count }
}

/// The server's first message: attempt, plan and cohort.
///
/// After the header 32 bytes of the plan's digest, the number of clients (4), then each name with its length before it
/// (1).
struct Announcement {
  let attempt: AttemptID
  let planDigest: [UInt8]
  let clients: [ClientID]

  init(attempt: AttemptID, planDigest: [UInt8], clients: [ClientID]) {
    self.attempt = attempt
    self.planDigest = planDigest
    self.clients = clients
  }

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.append(MessageHeader(.announcement, attempt).bytes)
    writer.append(planDigest)
    writer.append(UInt32(clients.count))
    for client in clients { writer.append(text: client.name) }
    return writer.bytes
  }

  init(decoding message: [UInt8]) throws(SecureAggregationError) {
    let opened = try MessageHeader.open(message, as: .announcement, of: nil)
    attempt = opened.attempt
    var body = opened.body
    planDigest = Array(try body.take(SHA256.byteCount))
    let count = try body.number()
    guard count <= AggregationPlan.largestClientCount else {
      throw .malformed(.announcement, reason: "it has too many clients")
    }
    var clients: [ClientID] = []
    for _ in 0..<count { clients.append(ClientID(try body.text())) }
    try body.end()
    self.clients = clients
  }
}
