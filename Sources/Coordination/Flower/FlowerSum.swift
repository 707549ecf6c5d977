import Crypto
import Federation
import Flower
import SecureAggregation

/// A masked sum in which a worker takes part: what it has ready, then its half of the protocol, stage by stage.
///
/// The ServerApp's half is sums, relayed messages and the unmasking; it needs of the plan what ``description(name:_:)`` says. It may say
/// anything to anybody: a worker of another plan refuses the announcement, which has the plan's digest.
struct FlowerSum {
  /// What the sum is of.
  enum Kind: String {
    /// Updates times weights, the weights, and the losses times weights.
    case weighted
    /// Updates whose noise hides their workers.
    case mean
    /// Rows that workers keep back: how many, losses, right answers, squared errors.
    case judged
    /// The same without classes.
    case judgedNumbers = "judged-numbers"
  }

  private enum State {
    case ready([UInt64])
    case underWay(MaskedContribution)
    case over
  }

  static let record = "tacit-sum"

  private let plan: HidingPlan
  private let kind: Kind
  /// How many values, and what one step of them is.
  private let steps: [(count: Int, step: Double)]
  /// The names of the arrays that the values are, one after the other.
  private let arrays: [String]
  /// Of the question that is answered; workers that were asked different things do not add up.
  private let context: [UInt8]
  private var state: State

  /// - Parameter step: what a step is, if the plan does not say it.
  init(
    _ kind: Kind, _ plan: HidingPlan, _ blocks: [HidingPlan.Block], arrays: [String] = [], step: Double? = nil,
    context: [UInt8]
  ) throws(CoordinationError) {
    (self.kind, self.plan, self.arrays, self.context) = (kind, plan, arrays, context)
    state = .ready(try plan.encode(blocks))
    var steps = plan.segments.map { (count: $0.count, step: step ?? plan.step(of: $0)) }
    if kind == .weighted, let last = steps.popLast() {
      steps += [(1, last.step), (1, last.step * Summand.lossLimit)]
    }
    self.steps = steps
  }

  /// What goes back in place of an update.
  func description(name: String, _ masking: FlowerMasking) throws(FlowerError) -> Entries<Record> {
    var config = try Entries<RecordValue>([
      ("name", .string(name)), ("key", .bytes([UInt8](masking.key.publicKey.x963Representation))),
      ("kind", .string(kind.rawValue)), ("bits", .integer(Int64(plan.bits))),
      ("minimum", .integer(Int64(max(2, plan.minimumClients)))), ("offset", .integer(Int64(plan.offset))),
      ("counts", .integers(steps.map { Int64($0.count) })), ("steps", .doubles(steps.map(\.step))),
      ("context", .bytes(context)),
    ])
    if !arrays.isEmpty { try config.append("arrays", .strings(arrays)) }
    return try Entries([(Self.record, .config(config))])
  }

  /// The answer to a stage; the first one takes the vector, so that it enters one attempt only.
  mutating func answer(
    _ stage: FlowerStage, name: String, _ masking: FlowerMasking, policy: WorkerPolicy
  ) throws -> [UInt8] {
    var half: MaskedContribution
    switch state {
    case .ready(let words):
      state = .over
      guard stage.clientCount >= policy.smallestCohort else {
        throw CoordinationError.flower(
          "the sum is of \(stage.clientCount) workers, and the policy wants at least \(policy.smallestCohort)")
      }
      half = try MaskedContribution(
        plan, clientCount: stage.clientCount, context: context, words: words, name: name, key: masking.key,
        roster: masking.roster, record: masking.record)
    case .underWay(let begun): half = begun
    case .over: throw CoordinationError.flower("the sum is over here; ask for another one with train or evaluate")
    }
    state = .over
    let answer = try half.answer(stage.message)
    if !half.isFinished { state = .underWay(half) }
    return answer
  }
}
