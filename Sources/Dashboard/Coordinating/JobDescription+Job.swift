import Foundation
import Learning
import Tensors

extension JobDescription {
  /// - Parameter example: the shape of one example as the model takes it, where it is known yet.
  init?(jobText: String, example: [Int]?) {
    guard let job = try? Job.parse(jobText), let federated = job.federated else { return nil }
    let model = example.flatMap { try? ModelDescription(job.model, inputShape: Shape($0)) }
    self.init(
      title: Self.title(job.data.source),
      strategy: federated.strategy.kind.rawValue
        + (federated.buffer.map { ", asynchronous in buffers of \($0)" } ?? ""),
      aggregation: AggregationView(federated.aggregation, job), layers: job.model.layers.map { LayerView($0) },
      parameterCount: model.map { model in
        model.weightNames.reduce(0) { $0 + (model.shape(ofWeight: $1)?.count ?? 0) }
      }, plannedRounds: federated.rounds)
  }

  private static func title(_ source: Job.DataPart.Source) -> String {
    switch source {
    case .set(let name, _): name
    case .file(let path, _): URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    case .owners(let target): "\(target), from the workers’ own tables"
    }
  }
}

extension LayerView {
  init(_ layer: LayerSpec) {
    let detail =
      switch layer {
      case .dense(let units): "\(units)"
      case .conv2d(let filters, let kernel, let stride, _):
        "\(filters) of \(kernel)×\(kernel)" + (stride > 1 ? ", stride \(stride)" : "")
      case .averagePool(let window, _), .maxPool(let window, _): "\(window)×\(window)"
      case .dropout(let rate): "\(rate)"
      case .groupNorm(let groups): "\(groups) groups"
      case .flatten, .relu, .sigmoid, .tanh, .gelu, .batchNorm, .layerNorm, .softmax: ""
      }
    self.init(name: layer.kind, detail: detail)
  }
}

extension AggregationView {
  init(_ aggregation: Aggregation, _ job: Job) {
    let summary =
      switch aggregation {
      case .open: "Nothing is hidden from the coordinator: it sees every worker’s update as it is."
      case .masked: "Every update is covered by masks, which cancel only in the sum of all."
      case .paillier: "Updates are added while they are encrypted; only their sum is opened."
      case .shared: "Every update is cut into random shares for three parties, who open the average alone."
      }
    self.init(
      name: aggregation.rawValue, hidesUpdates: aggregation.hidesUpdates, summary: summary,
      roles: job.disclosure.map { Role(role: $0.role, learns: $0.learns) })
  }
}
