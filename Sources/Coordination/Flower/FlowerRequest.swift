import Crypto
import Datasets
import Federation
import Flower
import Learning
import Tensors

/// What a Flower message asks of a worker: weights, and settings that this worker knows.
struct FlowerRequest {
  /// The weights in the order of the message, by name.
  let arrays: Entries<FlowerArray>
  /// Under which name they came, and go back.
  let arraysName: String
  /// The text of a job, where the ServerApp brings it.
  let job: String?
  let round: Int
  /// The most rows that a worker has, where sums are hidden: a worker's weight is a part of it.
  let mostRows: Int?
  private let epochs: Int?
  private let batch: Int?
  private let rate: Double?

  private static let known = ["server-round", "tacit-job", "local-epochs", "batch-size", "lr", "tacit-most-rows"]

  init(_ records: Entries<Record>) throws {
    var arrays: (String, Entries<FlowerArray>)?
    var config = Entries<RecordValue>()
    var hasConfig = false
    for entry in records {
      switch entry.value {
      case .arrays(let own) where arrays == nil: arrays = (entry.name, own)
      case .config(let own) where !hasConfig: (config, hasConfig) = (own, true)
      case .arrays, .config, .metrics:
        throw CoordinationError.flower("the message has the record \(entry.name), of which this worker knows nothing")
      }
    }
    guard let arrays else {
      throw CoordinationError.flower("the message brings no weights: send them as an ArrayRecord")
    }
    (arraysName, self.arrays) = arrays
    if let stranger = config.names.first(where: { !Self.known.contains($0) }) {
      throw CoordinationError.flower(
        "the setting \(stranger) is none that this worker knows; it knows \(Self.known.joined(separator: ", "))")
    }
    func whole(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
      guard let value = config[key] else { return nil }
      guard let number = value.whole, range.contains(number) else {
        throw CoordinationError.flower("\(key) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
    guard let round = try whole("server-round", in: 1...1_000_000) else {
      throw CoordinationError.flower("the message does not say which round it is of: send server-round")
    }
    self.round = round
    epochs = try whole("local-epochs", in: 1...10_000)
    mostRows = try whole("tacit-most-rows", in: 1...1 << 30)
    batch = try whole("batch-size", in: 1...1_000_000)
    rate = try config["lr"].map { value in
      guard let rate = value.number, rate > 0, rate <= 1e6 else {
        throw CoordinationError.flower("lr must be a positive number")
      }
      return rate
    }
    job = try config["tacit-job"].map { value in
      guard let text = value.text else { throw CoordinationError.flower("tacit-job must be the text of a job") }
      return text
    }
  }

  /// The job with what the message sets in place of its own.
  func adapted(_ job: Job) -> Job {
    var job = job
    if let epochs { job.federated?.localEpochs = epochs }
    if let batch { job.training.batch = batch }
    if let rate {
      switch job.training.optimizer {
      case .sgd(_, let momentum, let decay):
        job.training.optimizer = .sgd(learningRate: rate, momentum: momentum, weightDecay: decay)
      case .adam(_, let beta1, let beta2):
        job.training.optimizer = .adam(learningRate: rate, beta1: beta1, beta2: beta2)
      }
    }
    return job
  }

  /// The weights in a model's order, found by name.
  func weights(_ layout: WeightLayout) throws -> [Float] {
    let expected = layout.entries.map(\.name)
    if let stranger = arrays.names.first(where: { !expected.contains($0) }) {
      throw CoordinationError.flower(
        "the array \(stranger) is no weight of the job's model, which has \(expected.joined(separator: ", "))")
    }
    var flat: [Float] = []
    flat.reserveCapacity(layout.count)
    for entry in layout.entries {
      guard let array = arrays[entry.name] else {
        throw CoordinationError.flower("the array \(entry.name), a weight of the job's model, is missing")
      }
      guard array.container == "numpy.ndarray" else {
        throw CoordinationError.flower("the array \(entry.name) is no numpy.ndarray, and nothing else is read")
      }
      let tensor = try NPY.parse(array.data, file: entry.name)
      guard tensor.shape == entry.shape, tensor.shape.extents == array.shape else {
        throw CoordinationError.flower(
          "the array \(entry.name) has shape \(tensor.shape), and the job's model \(entry.shape)")
      }
      flat += tensor.scalars
    }
    return flat
  }

  /// Stands for all that decides what is computed: the question, its settings, the job's text and the weights.
  func digest(_ question: String, job: String, weights: [Float]) -> [UInt8] {
    var hash = SHA256()
    for text in ["tacit flower 1: question", question, job] {
      withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { hash.update(bufferPointer: $0) }
      hash.update(data: Array(text.utf8))
    }
    for number in [round, epochs ?? 0, batch ?? 0, mostRows ?? 0] {
      withUnsafeBytes(of: UInt64(number).littleEndian) { hash.update(bufferPointer: $0) }
    }
    withUnsafeBytes(of: (rate ?? 0).bitPattern.littleEndian) { hash.update(bufferPointer: $0) }
    weights.withUnsafeBytes { hash.update(bufferPointer: $0) }
    return Array(hash.finalize())
  }

  /// Weights as they go back: in the order in which they came.
  func answer(_ flat: [Float], _ layout: WeightLayout) throws -> Record {
    let weights = try layout.weights(flat)
    var entries = Entries<FlowerArray>()
    for name in arrays.names {
      guard let tensor = weights[name] else { continue }
      try entries.append(
        name, FlowerArray(type: "float32", shape: tensor.shape.extents, data: NPY.bytes(of: tensor)))
    }
    return .arrays(entries)
  }
}
