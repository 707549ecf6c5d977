public import Learning

/// What a data owner lets its worker take part in. A job that asks for more is refused with the reason.
public struct WorkerPolicy: Hashable, Sendable {
  /// The SHA-256 fingerprints of the certificates of coordinators; any of the worker's authority where there are none.
  public var coordinators: Set<[UInt8]>?
  /// Certificates of the workers whose keys count under secure aggregation, as paths of PEM files.
  public var roster: [String]
  /// The columns a job may use; all where there is no list.
  public var columns: Set<String>?
  /// With fewer workers than this in a sum the worker takes no part.
  public var smallestCohort: Int
  public var aggregations: Set<Aggregation>
  /// The largest ε of a job; one that states none is refused then.
  public var largestEpsilon: Double?
  /// The file of the worker's own privacy ledger, from whose budget of the worker's name jobs are taken.
  public var ledger: String?
  /// The file of the key under which this worker encrypts with `aggregation: paillier`; under no other it does.
  public var paillierKey: String?
  /// The cluster file of the parties among which this worker shares its updates with `aggregation: shared`; among no others
  /// it does.
  public var cluster: String?
  /// What may be revealed, to a job's owner, of a training on shares that this worker shares its rows for; `nil` where it shares
  /// none.
  public var rowsInShares: Set<Job.EncryptedPart.Revealed>?

  public init(
    coordinators: Set<[UInt8]>? = nil, roster: [String] = [], columns: Set<String>? = nil, smallestCohort: Int = 3,
    aggregations: Set<Aggregation> = [.masked, .paillier, .shared], largestEpsilon: Double? = nil,
    ledger: String? = nil, paillierKey: String? = nil, cluster: String? = nil,
    rowsInShares: Set<Job.EncryptedPart.Revealed>? = nil
  ) {
    self.coordinators = coordinators
    self.roster = roster
    self.columns = columns
    self.smallestCohort = smallestCohort
    self.aggregations = aggregations
    self.largestEpsilon = largestEpsilon
    self.ledger = ledger
    self.paillierKey = paillierKey
    self.cluster = cluster
    self.rowsInShares = rowsInShares
  }

  /// Why a job is not for this worker, or `nil`.
  func objection(to job: Job) -> String? {
    guard let federated = job.federated else { return "it is no federated job" }
    guard aggregations.contains(federated.aggregation) else {
      let accepted = Aggregation.allCases.filter(aggregations.contains).map(\.rawValue).joined(separator: ", ")
      return "it aggregates with \(federated.aggregation.rawValue), and the policy accepts \(accepted)"
    }
    guard federated.minimumClients >= smallestCohort else {
      return "it opens sums of \(federated.minimumClients) updates, and the policy wants at least \(smallestCohort)"
    }
    return forbiddenColumn(of: job)
  }

  /// Why a training on shares is not for this worker's rows, or `nil`.
  func objection(toRowsFor job: Job) -> String? {
    guard let part = job.encrypted else { return "it is no training on shares" }
    guard let rowsInShares else {
      return "it trains on rows in shares, and the policy shares none; write rowsInShares: [model]"
    }
    if let revealed = Job.EncryptedPart.Revealed.allCases.first(where: {
      part.reveal.contains($0) && !rowsInShares.contains($0)
    }) {
      return "it reveals the \(revealed.rawValue), and the policy's rowsInShares does not name that"
    }
    guard part.owners.count >= smallestCohort else {
      return "it trains on the rows of \(part.owners.count) workers, and the policy wants at least \(smallestCohort)"
    }
    return forbiddenColumn(of: job)
  }

  private func forbiddenColumn(of job: Job) -> String? {
    guard let columns, let column = job.namedColumns.first(where: { !columns.contains($0) }) else { return nil }
    return "it reads the column \(column), which the policy does not name"
  }
}
