/// What may be asked for.
enum DashboardRoute: Hashable, Sendable {
  case file(PageFile)
  case jobs
  case workers
  case rounds(job: String)
  /// Of a job, or of the current one.
  case events(job: String?)
  case report(job: String)

  init?(path: String, job: String?) {
    let parts = path.split(separator: "/").map(String.init)
    switch parts {
    case []: self = .file(.page)
    case ["events"]: self = .events(job: job)
    case ["api", "jobs"]: self = .jobs
    case ["api", "workers"]: self = .workers
    case let parts where parts.count == 4 && parts.starts(with: ["api", "jobs"]) && parts[3] == "rounds":
      self = .rounds(job: parts[2])
    case ["report.html"]:
      guard let job else { return nil }
      self = .report(job: job)
    case let parts where parts.count == 1:
      guard let file = PageFile(rawValue: parts[0]) else { return nil }
      self = .file(file)
    default: return nil
    }
  }
}
