import Sharing

/// What a party asks of the dealer.
enum DealerRequest: Codable, Sendable {
  /// The first message of a connection.
  case hello(version: Int)
  case key
  /// How the dealer is; what follows is only there to take time on its way.
  case health
  /// Finds out what runs of a computation demand.
  case program(DealtComputation.Content)
  /// What the last party needs for a run of a program that was named on this connection, under the keys of that epoch.
  case ticket(epoch: [UInt8], program: String, step: UInt32)

  static let version = 1
  /// Programs that a dealer has in mind on one connection; when there are more, it forgets all.
  static let programCapacity = 256
}

/// What the dealer answers.
enum DealerReply: Codable, Sendable {
  case welcome(version: Int)
  /// The caller's key follows.
  case key(epoch: [UInt8])
  case health(PartyHealth)
  case program(String)
  /// The ticket follows.
  case ticket(step: UInt32)
  /// The keys of that epoch are no more.
  case newKeys
  case refused(reason: String)
}
