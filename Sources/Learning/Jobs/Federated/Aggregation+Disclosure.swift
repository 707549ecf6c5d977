extension Aggregation {
  /// What each role learns of a worker's rows in a run, in the order of the roles. All of them see the models of all rounds.
  public var disclosure: [(role: String, learns: String)] {
    let worker = (role: "worker", learns: "the model of each round, and nothing of other workers' updates")
    let owner = (role: "job's owner", learns: "the last model and the mean figures of each round")
    switch self {
    case .open:
      return [
        ("coordinator", "each worker's update, its number of rows and its sums over held-out rows"), worker, owner,
      ]
    case .masked:
      return [
        (
          "coordinator",
          "the sum of all updates, of their weights and of their figures, unless more than a third of the workers help it; who "
            + "took part"
        ), worker, owner,
      ]
    case .paillier:
      return [
        ("coordinator", "ciphertexts, and the opened sum of updates, weights and figures"),
        ("key holder", "the opened sum, as long as fewer than the threshold of them work together"), worker, owner,
      ]
    case .shared:
      return [
        ("coordinator", "the average that the parties open, and who took part"),
        ("party", "random shares, as long as no two work together"), worker, owner,
      ]
    }
  }
}
