import Coordination
import Foundation
import Learning
import Serving

/// Whether what a coordinator was sent under masks looks like chance: tests of its bytes, and of every two messages against each other.
///
/// Masked words are uniform modulo 2^w and packed without gaps, so that every bit of them is a fair coin. A test that fails is proof that
/// they are not; tests that pass are none that they are. Updates in the open fail, as they must.
public struct ShareAudit: Sendable {
  /// Of the record.
  public var folder: String
  public var confidence: Double

  public init(folder: String, confidence: Double = 0.95) {
    self.folder = folder
    self.confidence = confidence
  }

  /// Below this a test fails; all tests together fail by chance about once in a hundred thousand sound records.
  private static let level = 1e-6
  /// Messages of which each two are compared.
  private static let comparedCount = 40

  /// - Throws: `CoordinationError.state` where the folder is no record of updates.
  public func run() throws -> AuditReport {
    let clock = ContinuousClock()
    let begin = clock.now
    let messages = try RecordedMessages(folder: folder).messages
    guard confidence > 0.5, confidence < 1 else {
      throw CoordinationError.setting("confidence", reason: "must be above 0.5 and below 1")
    }
    // The last byte may be filled up with zeros.
    let bodies = messages.map { $0.body.dropLast() }
    var counts = [Int](repeating: 0, count: 256)
    for body in bodies { for byte in body { counts[Int(byte)] += 1 } }
    let total = counts.reduce(0, +)
    guard total >= 2560 else {
      throw CoordinationError.state(path: folder, reason: "it has \(total) bytes of updates; tests need at least 2560")
    }
    let bytes = ChiSquare.probability(of: counts)
    let ones = zip(0..., counts).reduce(0) { $0 + $1.0.nonzeroBitCount * $1.1 }
    let pairs = Self.agreements(bodies.prefix(Self.comparedCount).map(Array.init))

    var report = report(messages)
    report.add("share of bits that are one (0.5 is a fair coin)", .share(ones, of: 8 * total, confidence: confidence))
    let worst = pairs.min { $0.probability < $1.probability }
    if let worst {
      report.add(
        "share of equal bits, of the two messages that agree oddest",
        .share(worst.equal, of: worst.total, confidence: confidence))
    }
    let agreement = min(1, (worst?.probability ?? 1) * Double(max(pairs.count, 1)))
    let coin = FairCoin.probability(of: ones, in: 8 * total)
    report.isSound = bytes >= Self.level && agreement >= Self.level && coin >= Self.level
    report.verdict = """
      \(total) bytes of \(messages.count) messages: as uneven by chance with probability \(text(bytes)), bits \(text(coin)), the oddest of \
      \(pairs.count) pairs \(text(agreement)): \(report.isSound ? "they look like chance" : "they do not look like chance")
      """
    report.charts = [Self.chart(counts)]
    report.pictures = [Self.picture(messages)]
    report.seconds = (clock.now - begin) / .seconds(1)
    return report
  }

  private func text(_ probability: Double) -> String { String(format: "%.2g", probability) }

  private func report(_ messages: [RecordedMessages.Message]) -> AuditReport {
    let kinds = Set(messages.map(\.kind.rawValue)).sorted().joined(separator: " and ")
    return AuditReport(
      name: "shares", title: "Does what the coordinator saw look like chance?",
      lead: """
        Every update that a coordinator was sent, as it was sent: how often each byte value comes, how many bits are ones, and whether any two \
        messages agree more or less than coins would, as they do where a mask is used twice.
        """,
      threat:
        "is the coordinator, with all it was sent, and looks at each message for itself and at each two together.",
      sources: [
        "K. Bonawitz et al., Practical Secure Aggregation for Privacy-Preserving Machine Learning, CCS 2017.",
        "K. Pearson, On the criterion that a given system of deviations…, Philosophical Magazine 1900.",
      ],
      subject: "\(messages.count) \(kinds) updates of \(Set(messages.map(\.worker)).count) workers",
      confidence: confidence,
      versions: ["tacit": TacitVersion.current])
  }

  private struct Agreement {
    let equal: Int
    let total: Int
    let probability: Double
  }

  private static func agreements(_ bodies: [[UInt8]]) -> [Agreement] {
    var found: [Agreement] = []
    for second in bodies.indices.dropFirst() {
      for first in 0..<second {
        let length = min(bodies[first].count, bodies[second].count, 1 << 16)
        guard length > 0 else { continue }
        var different = 0
        for index in 0..<length { different += (bodies[first][index] ^ bodies[second][index]).nonzeroBitCount }
        let total = 8 * length
        found.append(
          Agreement(
            equal: total - different, total: total, probability: FairCoin.probability(of: different, in: total)))
      }
    }
    return found
  }

  private static func chart(_ counts: [Int]) -> LineChart {
    let mean = Double(counts.reduce(0, +)) / 256
    let shares = counts.map { Double($0) / mean }
    return LineChart(
      title: "How often each byte value comes", text: "Over how often it would if all came alike. Dashed: alike.",
      x: .init(name: "byte value", low: 0, high: 255),
      y: .init(name: "times as often", low: 0, high: max(2, min(10, shares.max() ?? 2))),
      curves: [.init(name: "all updates", points: zip(0..., shares).map { .init(x: Double($0.0), y: $0.1) })],
      levels: [1])
  }

  /// The first bytes of some messages as shades.
  private static func picture(_ messages: [RecordedMessages.Message]) -> Raster {
    let side = 48
    return Raster(
      title: "What it looks like", text: "The first \(side * side) bytes of updates, a shade each.",
      images: messages.prefix(4).map { message in
        Raster.Image(
          caption: "\(message.worker), round \(message.round)", width: side,
          shades: message.body.prefix(side * side).map { Double($0) / 255 })
      })
  }
}
