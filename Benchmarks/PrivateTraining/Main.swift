import Arithmetic
import Foundation
import Learning
import Tensors

/// Times an epoch of DP-SGD beside a plain one, on one core: the models and rows of `peers/opacus_bench.py`, one JSON object
/// a line. An epoch begins with its shuffle or draws, and ends with its last step.
@main enum PrivateTrainingBenchmark {
  private static func dense(_ units: [Int], last: LayerSpec? = nil) -> [LayerSpec] {
    let hidden = units.dropLast().flatMap { [LayerSpec.dense(units: $0), .relu] }
    return hidden + [.dense(units: units[units.count - 1])] + (last.map { [$0] } ?? [])
  }

  private static let lenet: [LayerSpec] =
    [16, 32, 64].flatMap { [.conv2d(filters: $0, kernel: 3, padding: 1), .averagePool(window: 2), .relu] }
    + [.flatten, .dense(units: 10), .softmax]

  private static let workloads = [
    Workload(
      name: "credit_mlp", layers: dense([64, 32, 1], last: .sigmoid), input: [15], rows: 690, batch: 32,
      loss: .binaryCrossEntropy, epochs: 200),
    Workload(
      name: "boston_mlp", layers: dense([64, 32, 1]), input: [13], rows: 404, batch: 16, loss: .meanSquaredError,
      epochs: 200),
    Workload(
      name: "mnist_mlp", layers: dense([128, 128, 10], last: .softmax), input: [784], rows: 10_000, batch: 64,
      loss: .softmaxCrossEntropy, epochs: 12),
    Workload(
      name: "lenet_cnn", layers: lenet, input: [1, 28, 28], rows: 2000, batch: 64, loss: .softmaxCrossEntropy, epochs: 7
    ),
  ]

  static func main() throws {
    let names = CommandLine.arguments.dropFirst()
    for workload in workloads where names.isEmpty || names.contains(workload.name) { try workload.run() }
  }
}

struct Workload {
  let name: String
  let layers: [LayerSpec]
  let input: Shape
  let rows: Int
  let batch: Int
  let loss: Loss
  let epochs: Int

  func run() throws {
    let trainer = try Trainer(
      ModelDescription(layers: layers, inputShape: input), loss: loss, optimizer: .sgd(learningRate: 0.01),
      epochs: epochs, batch: batch, seed: 7)
    let (x, y) = data(outputs: trainer.description.outputShape.count)
    let plain = try epochSeconds { tick in _ = try trainer.train(features: x, targets: y) { _ in tick() } }
    for sampler in ExamplePrivacy.Sampler.allCases {
      let noisy = try PrivateTrainer(
        trainer, privacy: ExamplePrivacy(clipping: .flat(norm: 1), noiseMultiplier: 1.1, sampler: sampler))
      let seconds = try epochSeconds { tick in _ = try noisy.train(features: x, targets: y) { _ in tick() } }
      print(
        String(
          format: "{\"workload\": \"%@_dpsgd_epoch\", \"sampler\": \"%@\", \"rows\": %d, \"batch\": %d, "
            + "\"cpu_seconds_median\": %.6g, \"plain_cpu_seconds_median\": %.6g, \"cpu_ratio_to_plain\": %.3f}",
          name as NSString, sampler.rawValue as NSString, rows, batch, seconds, plain, seconds / plain))
    }
  }

  private func data(outputs: Int) -> (x: Tensor<Float>, y: Tensor<Float>) {
    var random = SeedTree(seed: 7).generator()
    let x = (0..<rows * input.count).map { _ in Float(random.normal()) }
    let y = (0..<rows * outputs).map {
      outputs > 1 ? Float($0 % outputs == $0 / outputs % outputs ? 1 : 0) : Float($0 % 2)
    }
    return (Tensor(shape: Shape([rows] + input.extents), scalars: x), Tensor(shape: [rows, outputs], scalars: y))
  }

  /// The median CPU time of an epoch, the first one left out.
  private func epochSeconds(_ train: (() -> Void) throws -> Void) throws -> Double {
    var times: [Double] = []
    var last = Self.processSeconds
    try train {
      let now = Self.processSeconds
      times.append(now - last)
      last = now
    }
    let sorted = times.dropFirst().sorted()
    return sorted[sorted.count / 2]
  }

  private static var processSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
