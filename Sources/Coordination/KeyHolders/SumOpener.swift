import Foundation
import Links
import Logging
import Paillier

/// Has sums of one job opened by key-holders: as many as the key asks for, and others in place of those that fail.
struct SumOpener: Sendable {
  let holders: KeyHolders
  let job: String
  let recorder: RunRecorder?

  /// Why a coordinator without a key cannot carry out a job.
  static var missing: CoordinationError {
    .setting(
      "federated.aggregation",
      reason:
        "is paillier and this coordinator has no key; start it with --paillier-key, as tacit dealer paillier made it")
  }

  /// Which sum, and how long a key-holder may take.
  struct Occasion: Sendable {
    let attempt: Int
    let round: Int
    let patience: Duration
  }

  struct Opened: Sendable {
    let values: [Int64]
    /// Key-holders that gave no right share, with the reason.
    let faults: [String]
    let byteCount: Int
  }

  private struct Part: Sendable {
    let seat: KeyHolderSeat
    let share: DecryptionShare
    let byteCount: Int
  }

  /// - Throws: ``CoordinationError/tooFewKeyHolders(answered:needed:reasons:)``,
  ///   ``CoordinationError/unopenable(reason:)`` where a worker's vector was not made by the rules.
  func open(_ sum: PackedCiphertext, _ occasion: Occasion) async throws -> Opened {
    var waiting = try await holders.gather(within: occasion.patience)[...]
    var parts: [Part] = []
    var faults: [String] = []
    var byteCount = 0
    func reject(_ seat: KeyHolderSeat, _ reason: String) {
      seat.noteFault()
      faults.append(reason)
      holders.logger.warning("no share of a key-holder", metadata: ["name": "\(seat.name)", "reason": "\(reason)"])
    }
    while true {
      let missing = holders.key.threshold - parts.count
      guard waiting.count >= missing else {
        throw CoordinationError.tooFewKeyHolders(
          answered: parts.count + waiting.count, needed: holders.key.threshold, reasons: faults)
      }
      let asked = Array(waiting.prefix(missing))
      waiting = waiting.dropFirst(missing)
      for (seat, result) in try await ask(asked, sum, occasion) {
        switch result {
        case .success(let part) where !parts.contains { $0.share.holder == part.share.holder }:
          byteCount += part.byteCount
          parts.append(part)
        case .success(let part):
          reject(seat, "\(seat.name) has the share of holder \(part.share.holder), as another has")
        case .failure(let error): reject(seat, "\(error)")
        }
      }
      guard parts.count == holders.key.threshold else { continue }
      switch try await combine(sum, parts) {
      case .success(let values): return Opened(values: values, faults: faults, byteCount: byteCount)
      case .failure(let wrong):
        for part in parts where part.share.holder == wrong.holder {
          reject(part.seat, "\(part.seat.name): its decryption share is wrong")
        }
        parts.removeAll { $0.share.holder == wrong.holder }
      }
    }
  }

  private struct WrongShare: Error { let holder: Int }

  private func combine(_ sum: PackedCiphertext, _ parts: [Part]) async throws -> Result<[Int64], WrongShare> {
    do {
      return .success(
        try await holders.key.open(
          sum, with: parts.map(\.share), threads: ProcessInfo.processInfo.activeProcessorCount))
    } catch PaillierError.wrongShare(let holder) {
      return .failure(WrongShare(holder: holder))
    } catch let error as PaillierError {
      throw CoordinationError.unopenable(reason: "\(error)")
    }
  }

  private func ask(
    _ seats: [KeyHolderSeat], _ sum: PackedCiphertext, _ occasion: Occasion
  ) async throws -> [(KeyHolderSeat, Result<Part, any Error>)] {
    let request = OpeningRequest(
      job: job, attempt: occasion.attempt, valueBits: sum.layout.valueBits, summandLimit: sum.layout.summandLimit,
      valueCount: sum.valueCount)
    let body = LinkBody.bytes(sum.encoded)
    return try await withThrowingTaskGroup(of: (KeyHolderSeat, Result<Part, any Error>).self) { group in
      for seat in seats {
        group.addTask {
          do {
            return (seat, .success(try await self.part(of: seat, sum, request, body, occasion)))
          } catch let error as CancellationError {
            throw error
          } catch {
            return (seat, .failure(error))
          }
        }
      }
      var results: [(KeyHolderSeat, Result<Part, any Error>)] = []
      for try await result in group { results.append(result) }
      return results
    }
  }

  private func part(
    of seat: KeyHolderSeat, _ sum: PackedCiphertext, _ request: OpeningRequest, _ body: LinkBody, _ occasion: Occasion
  ) async throws -> Part {
    let (holder, bytes) = try await seat.ask(request, body: body, within: occasion.patience)
    try recorder?.note(
      .bytes(bytes), from: seat.name, round: occasion.round, attempt: occasion.attempt, what: "share")
    do {
      let share = try DecryptionShare(encoded: bytes, under: holders.key, holder: holder, of: sum)
      return Part(seat: seat, share: share, byteCount: body.byteCount + bytes.count)
    } catch { throw CoordinationError.workerFailed(seat.name, reason: "\(error)") }
  }
}
