import Datasets
import Federation
import Learning
import Privacy
import PrivacyLedger
import Tensors

/// What a worker's owner lets jobs spend, and what they have spent as far as the worker can know.
///
/// All rounds of a job count from its acceptance on, also those in which the worker is not asked: ε holds for all of them together. A round
/// that the worker is asked for again is one more, and so, where it has a ledger, is each that it is asked for after it was restarted, since
/// it does not know which it has answered; a limit without a ledger ends with the process. A coordinator chooses the names of jobs: what was reserved for one serves no other of the same name. Rounds that
/// a coordinator does again without asking this worker are in the coordinator's ledger alone.
final class WorkerAccount {
  private let limit: Double?
  private let budget: PrivacyBudgetSource?
  private let worker: String
  /// What a job releases of this worker, for updates of so many values.
  private let privacy: (Job, Int) throws -> ClientPrivacy
  private var current: Entry?

  private struct Entry {
    let job: String
    let offered: Job
    let privacy: ClientPrivacy
    let rounds: Int
    var asked: Set<Int> = []
    var repetitions = 0
    var reservations: [Int] = []
  }

  /// - Parameter privacy: where noise comes from, if that is not for the job to say.
  init(
    _ policy: WorkerPolicy, worker: String,
    privacy: @escaping (Job, Int) throws -> ClientPrivacy = { try ClientPrivacy($0, weightCount: $1) }
  ) throws {
    self.privacy = privacy
    limit = policy.largestEpsilon
    budget = try policy.ledger.map { try PrivacyBudgetSource(ledger: $0, dataset: worker) }
    self.worker = worker
  }

  /// Without a ledger.
  init(limit: Double?) {
    privacy = { try ClientPrivacy($0, weightCount: $1) }
    (self.limit, budget, worker) = (limit, nil, "")
  }

  /// Why a job is not for this worker, or `nil`: then it is in the ledger.
  func objection(to job: Job, named id: String, example: Shape?) throws -> String? {
    guard limit != nil || budget != nil else { return nil }
    guard job.hidesClients, let part = job.privacy, let federated = job.federated else {
      let wish = limit.map { "allows ε = \($0) at most" } ?? "keeps a ledger"
      return "it states no privacy of workers, and the policy \(wish); add privacy: {unit: client, …}"
    }
    if let limit, case .targetEpsilon(let asked) = part.noise, asked > limit {
      return "it asks for ε = \(asked), and the policy allows \(limit) at most"
    }
    if let current, current.job == id {
      return current.offered == job ? nil : "it is another job than the one that was offered by this name before"
    }
    let privacy = try privacy(job, try Self.weightCount(of: job, example))
    let epsilon = try privacy.epsilon(of: privacy.event, rounds: federated.rounds)
    if let limit, epsilon > limit { return "it asks for ε = \(epsilon), and the policy allows \(limit) at most" }
    var entry = Entry(job: id, offered: job, privacy: privacy, rounds: federated.rounds)
    if let budget {
      do {
        let account = RunBudget(budget, job: id, dataset: worker)
        let (reservation, isKnown) = try account.reserve(
          privacy.event, rounds: federated.rounds, reusesSettled: false)
        entry.reservations.append(reservation)
        if isKnown { entry.asked = Set(1...federated.rounds) }
      } catch {
        guard case .ledger(let refusal) = error, refusal.isRefusal else { throw error }
        return "\(refusal)"
      }
    }
    current = entry
    return nil
  }

  /// Why the worker's rows are not for a training on shares, or `nil`: then all that it releases is spent, since nobody here learns
  /// what becomes of shared rows.
  func objection(toRowsFor job: Job) throws -> String? {
    guard limit != nil || budget != nil else { return nil }
    guard let privacy = try EncryptedPrivacy(job) else {
      let wish = limit.map { "allows ε = \($0) at most" } ?? "keeps a ledger"
      return "it states no privacy of rows, and the policy \(wish); add privacy: {unit: example, …}"
    }
    let epsilon = try privacy.report(steps: 1).epsilon
    if let limit, epsilon > limit { return "it asks for ε = \(epsilon), and the policy allows \(limit) at most" }
    guard let budget else { return nil }
    do {
      try budget.ledger.commit(try budget.ledger.reserve(privacy.event, of: worker, purpose: "rows in shares"))
    } catch {
      guard error.isRefusal else { throw error }
      return "\(error)"
    }
    return nil
  }

  /// Before an update of a round is computed.
  ///
  /// - Throws: ``CoordinationError/protocolBreach(_:)`` where the coordinator asks for more than was agreed.
  func spend(on round: Int, of job: String) throws {
    guard var entry = current, entry.job == job else { return }
    guard (1...entry.rounds).contains(round) else {
      throw CoordinationError.protocolBreach("a round beyond the job's, which nobody accounted for")
    }
    guard !entry.asked.insert(round).inserted else {
      current = entry
      return
    }
    entry.repetitions += 1
    let spent = try entry.privacy.epsilon(of: entry.privacy.event, rounds: entry.rounds + entry.repetitions)
    if let limit, spent > limit {
      throw CoordinationError.protocolBreach(
        "a round once more, which would spend more than the policy's ε of \(limit)")
    }
    if let budget {
      let account = RunBudget(budget, job: job, dataset: worker)
      entry.reservations.append(try account.reserve(entry.privacy.event, again: round))
    }
    current = entry
  }

  /// The job is over: what was reserved is spent.
  func settle(_ job: String) throws {
    guard let entry = current, entry.job == job else { return }
    current = nil
    guard let budget else { return }
    for reservation in entry.reservations {
      try RunBudget(budget, job: job, dataset: worker).commit(reservation)
    }
  }

  private static func weightCount(of job: Job, _ example: Shape?) throws -> Int {
    let columns = try job.declaredPreprocessing().map { Shape([$0.featureCount]) }
    guard let own = columns ?? example else { throw CoordinationError.data(reason: "the worker's rows have no shape") }
    let description = try ModelDescription(
      job.model, inputShape: try PreparedJob.inputShape(job, example: own))
    return WeightLayout(description).count
  }
}
