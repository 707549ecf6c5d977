public import Learning

/// Where a worker's rows come from.
public enum WorkerRows: Sendable {
  /// The owner's table.
  case table(path: String)
  /// A part, from 0, of the data of a job that is tried on one machine.
  case part(of: Job, index: Int, environment: [String: String])
  /// Rows that are in memory already, for simulations.
  case memory(WorkerTable)

  func table(for job: Job, _ policy: WorkerPolicy) throws -> WorkerTable {
    switch self {
    case .table(let path): return try .file(path, for: job, columns: policy.columns)
    case .part(let own, let index, let environment):
      // What is read from this machine's disk is what this machine's owner named, not what a coordinator asks for.
      guard own.data == job.data, own.federated == job.federated, own.training == job.training else {
        throw CoordinationError.data(reason: "this worker has a part of another job's data; submit that job")
      }
      return try .part(index, of: own, environment: environment)
    case .memory(let table): return table
    }
  }
}
