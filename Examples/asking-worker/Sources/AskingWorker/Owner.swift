import Tacit

/// Asks whoever owns the rows, on the terminal, and remembers what was said.
actor Owner {
  private let readAnswer: @Sendable () -> String?
  private(set) var asked: [String] = []

  init(readAnswer: @escaping @Sendable () -> String? = { readLine() }) { self.readAnswer = readAnswer }

  /// Only a plain yes is one.
  func agrees(to proposal: JobProposal) -> Bool {
    let question = Self.question(proposal)
    asked.append(question)
    print(question, terminator: " ")
    return ["y", "yes"].contains(readAnswer()?.lowercased() ?? "")
  }

  /// What the job would learn from these rows, in a sentence.
  static func question(_ proposal: JobProposal) -> String {
    let job = proposal.job
    let hiding = job.federated?.aggregation.rawValue ?? "no"
    let privacy = job.privacy == nil ? "no noise" : "differential privacy"
    return "\(proposal.coordinator) asks for \(job.federated?.rounds ?? 0) rounds under \(hiding) aggregation, "
      + "with \(privacy), of \(job.federated?.workers ?? 0) workers. Take part? [y/N]"
  }
}
