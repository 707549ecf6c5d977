import Flower

/// What a message says of a stage of a masked sum: the ServerApp's bytes, and how many workers take part.
struct FlowerStage {
  /// Under which name it comes, and its answer goes back.
  static let record = "tacit-stage"

  let message: [UInt8]
  let clientCount: Int

  init(_ records: Entries<Record>) throws(CoordinationError) {
    guard records.count == 1, case .config(let config)? = records[Self.record], config.count == 2,
      case .bytes(let message)? = config["message"], let count = config["clients"]?.whole, count >= 1
    else {
      throw .flower("a query must be a stage of a masked sum: \(Self.record) with message and clients")
    }
    (self.message, clientCount) = (message, count)
  }

  static func answer(_ bytes: [UInt8]) throws(FlowerError) -> Entries<Record> {
    try Entries([(record, .config(try Entries([("message", .bytes(bytes))])))])
  }
}
