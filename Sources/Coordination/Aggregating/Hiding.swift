import Links

/// The server's half of adding vectors that it must not see: stage by stage, without a clock or a network.
protocol HidingServer: Sendable {
  /// What to send to whom first, by index in the cohort.
  mutating func begin() async throws -> [Int: LinkBody]
  /// What follows from the answers of those who gave one in time; who did not has dropped out.
  mutating func receive(_ answers: [Int: LinkBody]) async throws -> HidingStep
  /// Whose answers could not be used, with the reason.
  var refusals: [String] { get }
  /// Payload to others than the cohort and from them.
  var otherByteCount: Int { get }
}

extension HidingServer {
  var otherByteCount: Int { 0 }
}

enum HidingStep: Sendable {
  case stage([Int: LinkBody])
  /// The sum of the contributors' integers, and who they are.
  case finished(sums: [UInt64], contributors: [Int])
}

/// A worker's half, which holds its vector.
protocol HidingClient: Sendable {
  mutating func answer(_ body: LinkBody) async throws -> LinkBody
}
