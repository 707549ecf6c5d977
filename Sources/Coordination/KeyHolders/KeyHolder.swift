import Crypto
import Foundation
public import Links
public import Logging
public import Paillier
public import SecureAggregation
import Transports

/// Keeps one share of a key under which workers encrypt, and helps to open sums: never less than the cohort it accepts,
/// and never twice in one attempt.
///
/// It sees ciphertexts of sums. It cannot tell how many updates are in one: that is the coordinator's word, as is that
/// a sum is of one attempt. A coordinator that lies about it opens what it likes; key-holders stand against one that
/// follows the rules and would read more of what it got.
public actor KeyHolder {
  private let share: KeyShare
  private let smallestCohort: Int
  private let record: any UnmaskingRecord
  private let logger: Logger

  /// - Parameters:
  ///   - smallestCohort: sums of fewer updates are not opened; at least 2.
  ///   - record: where it is written down that an attempt was answered; in memory where that is the holder's whole
  ///     life.
  public init(
    share: KeyShare, smallestCohort: Int, record: any UnmaskingRecord = MemoryUnmaskingRecord(), logger: Logger
  ) {
    self.share = share
    self.smallestCohort = max(2, smallestCohort)
    self.record = record
    self.logger = logger
  }

  /// Answers what the coordinator at the other end asks, until the link ends.
  ///
  /// - Throws: `LinkError`, ``CoordinationError``.
  public func serve(_ link: any Link) async throws {
    while true {
      let message = try await link.receive(within: .seconds(365 * 86_400))
      let request: OpeningRequest = try MessageCoding.header(of: message, from: link.peer.name)
      let (reply, body) = await answer(request, message.body)
      try await link.send(
        try MessageCoding.message(KeyHolderMessage(question: request.number, reply: reply), body: body))
    }
  }

  private func answer(_ request: OpeningRequest, _ body: LinkBody) async -> (KeyHolderMessage.Reply, LinkBody) {
    do {
      let sum = try sum(request, body)
      guard sum.summandCount >= smallestCohort else {
        throw CoordinationError.protocolBreach(
          "a sum of \(sum.summandCount) updates; this key-holder opens those of at least \(smallestCohort)")
      }
      try record.note(Self.attempt(request))
      let part = try await share.decryptionShare(of: sum, threads: ProcessInfo.processInfo.activeProcessorCount)
      logger.info(
        "a sum was opened",
        metadata: ["job": "\(request.job)", "attempt": "\(request.attempt)", "updates": "\(sum.summandCount)"])
      return (.share(holder: share.holder), .bytes(part.encoded(under: share.key)))
    } catch {
      let reason =
        if case SecureAggregationError.alreadyAnswered = error { "it has answered for this attempt" } else {
          "\(error)"
        }
      logger.warning("a sum was not opened", metadata: ["job": "\(request.job)", "reason": "\(reason)"])
      return (.refused(reason: reason), .none)
    }
  }

  private func sum(_ request: OpeningRequest, _ body: LinkBody) throws -> PackedCiphertext {
    // A value has two bits at least, which bounds how many there can be.
    guard case .bytes(let bytes) = body, (1...4 * bytes.count + 1).contains(request.valueCount) else {
      throw CoordinationError.malformedMessage(from: "the coordinator")
    }
    let layout = try PackingLayout(
      keyBits: share.key.publicKey.bitCount, valueBits: request.valueBits, summandLimit: request.summandLimit)
    return try PackedCiphertext(
      encoded: bytes, under: share.key.publicKey, layout: layout, valueCount: request.valueCount)
  }

  /// What the record knows an attempt by.
  private static func attempt(_ request: OpeningRequest) throws -> AttemptID {
    let digest = SHA256.hash(data: Data("\(request.job)/\(request.attempt)".utf8))
    guard let attempt = AttemptID(bytes: Array(digest.prefix(AttemptID.byteCount))) else {
      throw CoordinationError.malformedMessage(from: "the coordinator")
    }
    return attempt
  }
}
