/// A job as the page shows it.
public struct JobView: Codable, Hashable, Sendable {
  public enum State: String, Codable, Hashable, Sendable { case waiting, running, done, failed, stopped }

  public var id: String
  public var state: State
  /// One sentence on why it failed or was stopped.
  public var failure: String?
  public var submitter: String
  /// Seconds since 1970.
  public var created: Double
  /// Who is there and how many it takes, while too few are.
  public var waiting: Waiting?
  public var description: JobDescription?
  /// Of the last model, when the job is done.
  public var final: MetricsView?
  /// Training rows of all workers together, where somebody counted them.
  public var rows: Int?
  /// Wall-clock time of the whole job, when it is done.
  public var seconds: Double?
  /// Nothing where the job has no differential privacy.
  public var privacy: PrivacyView?

  public struct Waiting: Codable, Hashable, Sendable {
    public var present: [String]
    public var needed: Int

    public init(present: [String], needed: Int) {
      self.present = present
      self.needed = needed
    }
  }

  public init(id: String, state: State, submitter: String, created: Double) {
    self.id = id
    self.state = state
    self.submitter = submitter
    self.created = created
  }
}

/// What has been spent of a job's privacy.
public struct PrivacyView: Codable, Hashable, Sendable {
  public var epsilon: Double
  public var delta: Double
  /// The ε at which the job ends, where it has one.
  public var limit: Double?

  public init(epsilon: Double, delta: Double, limit: Double?) {
    self.epsilon = epsilon
    self.delta = delta
    self.limit = limit
  }
}

extension JobView {
  /// The job to look at where nobody chose one: one that runs, else the newest.
  static func current(among jobs: [JobView]) -> JobView? {
    jobs.last { $0.state == .running } ?? jobs.max { $0.created < $1.created }
  }
}
