import Crypto
import Datasets
import Foundation
import Links

/// What workers are asked to compute a vector from, beside the question itself: the job as it was offered, and how rows are prepared.
///
/// Under `aggregation: masked` its digest is part of what clients sign. A coordinator that asked others of a cohort for vectors it knows
/// (by other weights, other settings, other columns) could take one worker's out of the sum (D. Pasquini et al., *Eluding Secure
/// Aggregation in Federated Learning via Model Inconsistency*, CCS 2022); workers that were asked different things refuse
/// each other's keys.
struct AskedQuestion: Sendable {
  let offer: JobOffer
  let preprocessing: Preprocessing?

  /// - Parameter body: the weights, where the question has any.
  func digest(_ header: TaskHeader, _ body: LinkBody) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var hash = SHA256()
    // Rows are not prepared yet when statistics are asked for.
    let isPrepared = if case .statistics = header.kind { false } else { true }
    for part in [
      Data("tacit masked question 1".utf8), try encoder.encode(offer),
      try encoder.encode(isPrepared ? preprocessing : nil), try encoder.encode(header),
    ] {
      withUnsafeBytes(of: UInt64(part.count).littleEndian) { hash.update(bufferPointer: $0) }
      hash.update(data: part)
    }
    switch body {
    case .none: break
    case .bytes(let bytes): hash.update(data: bytes)
    case .floats(let floats): floats.withUnsafeBytes { hash.update(bufferPointer: $0) }
    case .words32(let words): words.withUnsafeBytes { hash.update(bufferPointer: $0) }
    case .words64(let words): words.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }
    return Array(hash.finalize())
  }
}
