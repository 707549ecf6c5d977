import Learning

extension Job {
  /// The federated part, if a coordinator of this version can carry the job out.
  ///
  /// - Throws: ``CoordinationError/setting(_:reason:)``.
  func carriedOut() throws(CoordinationError) -> FederatedPart {
    guard let federated else { throw .setting("mode", reason: "must be federated for a coordinator") }
    guard federated.aggregation != .shared else {
      throw .setting(
        "federated.aggregation",
        reason: "cannot be shared in this version: choose open, masked or paillier, or train with mode: encrypted")
    }
    guard federated.buffer == nil else {
      throw .setting("federated.asynchronous", reason: "is not carried out by this version: remove it")
    }
    return federated
  }
}
