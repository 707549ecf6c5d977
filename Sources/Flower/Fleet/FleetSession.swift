/// A node's messages at a SuperLink.
struct FleetSession: MessageCarrier {
  let client: FleetClient
  let node: UInt64

  func nextMessage() async throws(FlowerError) -> (FlowerMetadata, ObjectTree)? { try await client.pullMessage(node) }

  func object(_ id: ObjectID, run: UInt64) async throws(FlowerError) -> [UInt8]? {
    try await client.pullObject(id, run: run, node: node)
  }

  func confirm(_ message: ObjectID, run: UInt64) async throws(FlowerError) {
    try await client.confirm(message.text, run: run, node: node)
  }

  func announce(
    _ message: PackedMessage, seconds: Double
  ) async throws(FlowerError) -> (wanted: Set<String>, session: String) {
    try await client.announce(message, node: node, seconds: seconds)
  }

  func push(_ bytes: [UInt8], as id: ObjectID, run: UInt64, session: String) async throws(FlowerError) {
    try await client.push(bytes, as: id, run: run, node: node, session: session)
  }
}
