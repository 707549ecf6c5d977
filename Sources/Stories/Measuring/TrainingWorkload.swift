import Arithmetic
import Learning
import Tensors

/// Epochs of training in the clear: the models, rows and batches of the peers' `torch_plain_bench.py`, random data.
public enum TrainingWorkload: String, Sendable, CaseIterable {
  case credit = "credit_mlp_epoch"
  case boston = "boston_mlp_epoch"
  case mnist = "mnist_mlp_epoch"
  case lenet = "lenet_cnn_epoch"

  /// One line of `tacit bench --json`, with the peers' keys.
  public struct Measurement: Hashable, Sendable, Codable {
    public var peer: String
    public var workload: String
    public var secondsMedian: Double
    public var secondsMinimum: Double
    public var repeats: Int
    public var threads: Int
    public var rows: Int
    public var batch: Int
    public var parameters: Int

    private enum CodingKeys: String, CodingKey {
      case peer, workload, repeats, threads, rows, batch, parameters
      case secondsMedian = "seconds_median"
      case secondsMinimum = "seconds_min"
    }
  }

  private var rows: Int {
    switch self {
    case .credit: 690
    case .boston: 404
    case .mnist: 10_000
    case .lenet: 2000
    }
  }

  private var batch: Int {
    switch self {
    case .credit: 32
    case .boston: 16
    case .mnist, .lenet: 64
    }
  }

  private var loss: Loss {
    switch self {
    case .credit: .binaryCrossEntropy
    case .boston: .meanSquaredError
    case .mnist, .lenet: .softmaxCrossEntropy
    }
  }

  private func description() throws -> ModelDescription {
    func perceptron(_ inputs: Int, _ sizes: [Int]) throws -> ModelDescription {
      let layers = sizes.flatMap { [LayerSpec.dense(units: $0), .relu] }.dropLast()
      return try ModelDescription(layers: Array(layers), inputShape: [inputs])
    }
    switch self {
    case .credit: return try perceptron(15, [64, 32, 1])
    case .boston: return try perceptron(13, [64, 32, 1])
    case .mnist: return try perceptron(784, [128, 128, 10])
    case .lenet:
      let blocks = [16, 32, 64].flatMap { filters in
        [LayerSpec.conv2d(filters: filters, kernel: 3, padding: 1), .averagePool(window: 2), .relu]
      }
      return try ModelDescription(layers: blocks + [.flatten, .dense(units: 10)], inputShape: [1, 28, 28])
    }
  }

  /// Trains some epochs on one thread, after two that are not counted.
  public func measure(repeats: Int = 15) throws -> Measurement {
    let description = try description()
    var random = SeedTree(seed: 7).child(rawValue).generator()
    let shape = Shape([rows] + description.inputShape.extents)
    let features = Tensor<Float>(shape: shape, scalars: (0..<shape.count).map { _ in Float(random.normal()) })
    let outputs = description.outputShape.count
    var targets = [Float](repeating: 0, count: rows * outputs)
    for row in 0..<rows {
      switch loss {
      case .meanSquaredError: targets[row] = Float(random.normal())
      case .binaryCrossEntropy: targets[row] = random.uniform() < 0.5 ? 0 : 1
      case .softmaxCrossEntropy: targets[row * outputs + Int(random.uniform() * Double(outputs))] = 1
      }
    }
    let trainer = try Trainer(
      description, loss: loss, optimizer: .sgd(learningRate: 0.01), epochs: repeats + 2, batch: batch, seed: 7)
    let clock = ContinuousClock()
    var last = clock.now
    var seconds: [Double] = []
    let result = try trainer.train(
      features: features, targets: Tensor(shape: [rows, outputs], scalars: targets)
    ) { _ in
      let now = clock.now
      seconds.append((now - last) / .seconds(1))
      last = now
    }
    let sorted = seconds.dropFirst(2).sorted()
    return Measurement(
      peer: "tacit", workload: rawValue, secondsMedian: sorted[sorted.count / 2], secondsMinimum: sorted[0],
      repeats: sorted.count, threads: 1, rows: rows, batch: batch,
      parameters: result.model.weights.scalarCount)
  }
}
