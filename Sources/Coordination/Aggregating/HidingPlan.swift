import Federation
import Learning

/// How a vector becomes integers that an aggregation adds while nobody sees them. Worker and coordinator make the same of it.
///
/// A value x of an agreed bound becomes round(x / bound · (2^(bits−1) − 1)) + 2^(bits−1) − 1, from 0 to 2^bits − 2; nothing is clipped.
/// A sum of n values is off by at most n / 2 · bound / (2^(bits−1) − 1).
struct HidingPlan: Codable, Hashable, Sendable {
  /// Values of one bound.
  struct Segment: Codable, Hashable, Sendable {
    let what: String
    let count: Int
    let bound: Double
  }

  let segments: [Segment]
  let bits: Int
  let minimumClients: Int
  /// All training rows of all workers, by which a worker's weight is divided.
  var weightLimit = 1
  /// The longest that an update may be, where parties check it on shares.
  var normLimit: Double?

  var count: Int { segments.reduce(0) { $0 + $1.count } }

  /// What stands for 0; a sum has it once for each contributor.
  var offset: UInt64 { (UInt64(1) << (bits - 1)) - 1 }

  private var limit: Double { Double(offset) }

  /// What a step of a segment's values is.
  func step(of segment: Segment) -> Double { segment.bound / limit }

  /// The integers of numbers that come in blocks, a block a segment.
  ///
  /// - Throws: ``CoordinationError/outOfRange(what:bound:)``.
  func encode(_ blocks: [Block]) throws(CoordinationError) -> [UInt64] {
    guard blocks.count == segments.count, zip(blocks, segments).allSatisfy({ $0.count == $1.count }) else {
      throw .protocolBreach("a vector of another length")
    }
    var words: [UInt64] = []
    words.reserveCapacity(count)
    for (block, segment) in zip(blocks, segments) {
      let isInside = block.append(to: &words, factor: limit / segment.bound, limit: limit)
      guard isInside else { throw .outOfRange(what: segment.what, bound: segment.bound) }
    }
    return words
  }

  /// The sums of so many contributors, segment by segment.
  func decode(_ sums: [UInt64], contributors: Int) -> [[Double]] {
    let shift = limit * Double(contributors)
    var start = 0
    return segments.map { segment in
      defer { start += segment.count }
      let factor = step(of: segment)
      return sums[start..<start + segment.count].map { (Double($0) - shift) * factor }
    }
  }

  /// Numbers in single or double precision.
  enum Block {
    case floats([Float])
    case doubles([Double])

    var count: Int {
      switch self {
      case .floats(let floats): floats.count
      case .doubles(let doubles): doubles.count
      }
    }

    fileprivate func append(to words: inout [UInt64], factor: Double, limit: Double) -> Bool {
      var isInside = true
      func word(_ number: Double) -> UInt64 {
        let scaled = (number * factor).rounded()
        let isFine = abs(scaled) <= limit
        isInside = isInside && isFine
        return isFine ? UInt64(scaled + limit) : 0
      }
      switch self {
      case .floats(let floats): for number in floats { words.append(word(Double(number))) }
      case .doubles(let doubles): for number in doubles { words.append(word(number)) }
      }
      return isInside
    }
  }
}

extension HidingPlan {
  /// Of sums for standardisation: whole numbers up to 2^53, others up to 2^40 in steps of 2^-12.
  static func statistics(count: Int, minimumClients: Int) -> HidingPlan {
    HidingPlan(
      segments: [.init(what: "a sum over a column", count: count, bound: 0x1p40)], bits: 53,
      minimumClients: minimumClients)
  }

  /// Of judging: sums over held-out rows.
  static func judgement(_ job: Job.FederatedPart, rows: Int) -> HidingPlan {
    HidingPlan(
      segments: Judgement.segments(rows: rows), bits: bits(workers: job.workers), minimumClients: job.minimumClients)
  }

  /// Of training: an update with its weight and, where there is a bound of rows, what judging the given weights found.
  static func training(_ job: Job.FederatedPart, summand: Summand, rows: Int?) -> HidingPlan {
    HidingPlan(
      segments: [
        .init(what: "an update", count: summand.length - 2, bound: job.valueRange),
        .init(what: "a weight", count: 2, bound: 1),
      ] + (rows.map(Judgement.segments) ?? []), bits: bits(workers: job.workers), minimumClients: job.minimumClients,
      weightLimit: summand.weightLimit, normLimit: normLimit(job))
  }

  private static func normLimit(_ job: Job.FederatedPart) -> Double? {
    guard case .normBound(let limit) = job.strategy, job.aggregation == .shared else { return nil }
    return limit
  }

  /// An average over any cohort is within 2^-15 of the range: weights add up to at least cohort / workers of all, and each of the
  /// cohort rounds by half a step.
  private static func bits(workers: Int) -> Int {
    min(32, 18 + Int.bitWidth - max(workers - 1, 1).leadingZeroBitCount)
  }
}

extension Summand {
  /// A weighted update as ``HidingPlan/training(_:summand:rows:)`` has it, a block a segment.
  func blocks(_ update: Update, weighting: Weighting) throws(FederationError) -> [HidingPlan.Block] {
    var packed = try pack(update, weighting: weighting)
    let weight = Array(packed.suffix(2))
    packed.removeLast(2)
    return [.floats(packed), .floats(weight)]
  }
}
