import Learning

extension WorkerRegistry {
  /// The seats of a cohort, in its order; who never connected has an empty one.
  func seats(of names: [String]) -> [WorkerSeat] { names.map { seat(of: $0) ?? WorkerSeat(name: $0) } }
}
