import Learning

extension Job {
  /// The federated part, if a coordinator of this version can carry the job out.
  ///
  /// - Throws: ``CoordinationError/setting(_:reason:)``.
  func carriedOut() throws(CoordinationError) -> FederatedPart {
    guard let federated else { throw .setting("mode", reason: "must be federated for a coordinator") }
    guard cluster == nil else {
      throw .setting(
        "cluster",
        reason: "is the coordinator's: start one with tacit coordinator --cluster FILE, name it as coordinator: "
          + "wss://HOST:PORT and remove cluster; without both, parties are started here")
    }
    let asked = federated.cohort.count(of: federated.workers)
    guard federated.buffer ?? 1 <= asked else {
      throw .setting(
        "federated.asynchronous",
        reason: "waits for \(federated.buffer ?? 1) updates and each of \(asked) workers gives one a model: lower it")
    }
    return federated
  }
}
