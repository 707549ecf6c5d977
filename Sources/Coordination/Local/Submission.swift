import Foundation
public import Links

/// A job's owner's side of a conversation with a coordinator.
public struct Submission: Sendable {
  /// What the owner is told on the way.
  public enum News: Sendable {
    case accepted(job: String)
    case waiting(present: [String], needed: Int)
    case round(RoundRecord)
    /// A round could not be finished and is tried again.
    case delayed(reason: String)
  }

  private let link: any Link

  public init(_ link: any Link) { self.link = link }

  /// A name for a job that is to be submitted.
  public static func newID() -> String { String(UUID().uuidString.lowercased().prefix(8)) }

  /// Submits a job and waits for its end.
  ///
  /// - Parameters:
  ///   - id: the job's name; the same job submitted again under its name is one job.
  ///   - first: the weights to begin with, in the order of ``WeightLayout``; none follow from the job's seed.
  ///   - workers: the workers that are meant, by name; all that connect where there are none.
  ///   - news: called as things happen.
  /// - Throws: ``JobFailure`` with the coordinator's reason, `LinkError`.
  public func run(
    _ text: String, seed: UInt64, id: String = newID(), first: [Float]? = nil, workers: [String] = [],
    news: (News) -> Void
  ) async throws -> (outcome: JobOutcome, weights: [Float]) {
    try await link.send(
      try MessageCoding.message(
        SubmitterMessage.submit(id: id, text: text, seed: seed, workers: workers),
        body: first.map { .floats($0) } ?? .none))
    return try await watch(news)
  }

  private func watch(_ news: (News) -> Void) async throws -> (outcome: JobOutcome, weights: [Float]) {
    while true {
      let message = try await link.receive(within: .seconds(30 * 86_400))
      let reply: SubmitterReply = try MessageCoding.header(of: message, from: "the coordinator")
      switch reply {
      case .accepted(let job): news(.accepted(job: job))
      case .waiting(let present, let needed): news(.waiting(present: present, needed: needed))
      case .rounds(let records): for record in records { news(.round(record)) }
      case .delayed(let reason): news(.delayed(reason: reason))
      case .rowsShared: throw CoordinationError.malformedMessage(from: "the coordinator")
      case .failed(let reason, let code): throw JobFailure(reason: reason, exitCode: code)
      case .done(let outcome):
        guard case .floats(let weights) = message.body else {
          throw CoordinationError.malformedMessage(from: "the coordinator")
        }
        return (outcome, weights)
      }
    }
  }
}

/// Why a coordinator could not finish a job, in its words.
public struct JobFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public let reason: String
  public let exitCode: Int

  public var description: String { reason }
}
