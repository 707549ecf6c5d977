public import Coordination

extension RunPage {
  /// A report of a job from a coordinator's state, whether the coordinator runs or not.
  public static func report(of job: String, in database: RunDatabase) throws -> String {
    let views = RunViews(database)
    return try report(job: views.job(job), rounds: views.rounds(of: job, after: 0), workers: [])
  }
}
