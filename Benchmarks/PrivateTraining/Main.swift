import Arithmetic
import Foundation
import Learning
import Tensors

/// Times an epoch of DP-SGD beside a plain one, by the clock and in CPU time of all threads: the models and rows of `peers/opacus_bench.py`, one JSON object
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

  private static let turns = 5

  func run() throws {
    let trainer = try Trainer(
      ModelDescription(layers: layers, inputShape: input), loss: loss, optimizer: .sgd(learningRate: 0.01),
      epochs: epochs, batch: batch, seed: 7)
    let (x, y) = data(outputs: trainer.description.outputShape.count)
    for sampler in ExamplePrivacy.Sampler.allCases {
      let noisy = try PrivateTrainer(
        trainer, privacy: ExamplePrivacy(clipping: .flat(norm: 1), noiseMultiplier: 1.1, sampler: sampler))
      var (plainEpochs, epochs) = (Epochs(), Epochs())
      // By turns, since the processor's speed changes.
      for _ in 0..<Self.turns {
        try plainEpochs.time { tick in _ = try trainer.train(features: x, targets: y) { _ in tick() } }
        try epochs.time { tick in _ = try noisy.train(features: x, targets: y) { _ in tick() } }
      }
      let (plain, time) = (plainEpochs.medians, epochs.medians)
      print(
        String(
          format: "{\"workload\": \"%@_dpsgd_epoch\", \"sampler\": \"%@\", \"rows\": %d, \"batch\": %d, "
            + "\"seconds_median\": %.6g, \"plain_seconds_median\": %.6g, \"ratio_to_plain\": %.3f, "
            + "\"cpu_seconds_median\": %.6g, \"plain_cpu_seconds_median\": %.6g, \"cpu_ratio_to_plain\": %.3f}",
          name as NSString, sampler.rawValue as NSString, rows, batch, time.wall, plain.wall, time.wall / plain.wall,
          time.cpu, plain.cpu, time.cpu / plain.cpu))
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
}

/// Times of epochs by the clock and in CPU time of all threads, the first epoch of each training left out.
struct Epochs {
  private var times: [[Double]] = [[], []]

  mutating func time(_ train: (() -> Void) throws -> Void) throws {
    let clocks = [CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID]
    var last: [Double] = []
    var isFirst = true
    try train {
      let now = clocks.map(Self.seconds)
      if !isFirst { for clock in clocks.indices { times[clock].append(now[clock] - last[clock]) } }
      isFirst = false
      last = now
    }
  }

  var medians: (wall: Double, cpu: Double) {
    let medians = times.map { $0.sorted()[($0.count - 1) / 2] }
    return (medians[0], medians[1])
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
