extension Job {
  /// What each role of a federated training learns of a worker's rows.
  public var disclosure: [(role: String, learns: String)] {
    guard let federated else { return [] }
    return hidesClients ? federated.aggregation.noisedDisclosure : federated.aggregation.disclosure
  }
}

extension Aggregation {
  /// The same where each worker is hidden by clipping and noise.
  public var noisedDisclosure: [(role: String, learns: String)] {
    let worker = (role: "worker", learns: "the noised model of each round that it is asked for")
    let owner = (role: "job's owner", learns: "the last noised model, and no figures of any worker's rows")
    switch self {
    case .open:
      return [("coordinator", "each worker's clipped update, before noise: it is trusted"), worker, owner]
    case .masked, .paillier, .shared:
      let party = (role: "party", learns: "random shares, as long as no two parties work together; who took part")
      return [
        ("coordinator", "sums of clipped updates with the workers' noise, and nothing else of them; who took part")
      ]
        + (self == .shared ? [party] : []) + [worker, owner]
    }
  }

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
        ("coordinator", "ciphertexts, and the opened sum of updates, weights and figures; who took part"),
        ("key-holder", "ciphertexts of sums, as long as fewer of them work together than it takes to open one"),
        (
          "dealer of the key",
          "nothing, if it forgets the key as it should; one that keeps it can read every update it gets hold of"
        ),
        worker, owner,
      ]
    case .shared:
      return [
        (
          "coordinator",
          "the sum of updates, of their weights and of their figures that the parties open; who took part, and with the strategy "
            + "normBound whose update was too long"
        ),
        (
          "party",
          "random shares, as long as no two parties work together; who took part, and with the strategy normBound one bit of "
            + "each worker: whether its update was too long"
        ), worker, owner,
      ]
    }
  }
}
