import Datasets
import Federation
import Foundation
import Learning
import Tensors

struct Evaluator {
  let prepared: PreparedJob
  init(_ prepared: PreparedJob) throws { self.prepared = prepared }
  func sums(_ weights: Weights) throws -> [Double] {
    let model = try Model(description: prepared.description, weights: weights)
    let outputs = try model.predict(prepared.testRows.features)
    let rows = outputs.shape[0]
    switch prepared.data.test.targets {
    case .numbers(let t):
      let sq = zip(outputs.scalars, t.scalars).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
      return [Double(rows), sq, 0, sq]
    case .binary(let t):
      var right = 0.0
      var loss = 0.0
      for (p, y) in zip(outputs.scalars, t.scalars) {
        let q = Double(min(max(p, 1e-7), 1 - 1e-7))
        right += (q >= 0.5) == (y >= 0.5) ? 1 : 0
        loss -= y > 0.5 ? log(q) : log(1 - q)
      }
      return [Double(rows), loss, right, 0]
    case .classes(let classes, let count):
      var right = 0.0
      var loss = 0.0
      for (row, c) in classes.enumerated() {
        let z = outputs.scalars[row * count..<row * count + count]
        if z.firstIndex(of: z.max() ?? 0).map({ $0 - row * count }) == c { right += 1 }
        loss -= log(Double(max(z[row * count + c], 1e-12)))
      }
      return [Double(rows), loss, right, 0]
    }
  }
}

struct LocalStatistics {
  let sums: [Double]
  init(_ table: WorkerTable, _ schema: Schema?) throws {
    switch table {
    case .tensors(let train, _): sums = [Double(train.rowCount)]
    case .table(_, let train, _):
      guard let schema else { sums = [Double(train.rowCount)]; return }
      var sums = [Double(train.rowCount)]
      for column in schema.features {
        switch column.kind {
        case .numeric(let range, _):
          let x = try train.numbers(in: column.name).compactMap { $0 }.map { range.map { r in min(max($0, r.low), r.high) } ?? $0 }
          sums += [Double(x.count), x.reduce(0, +), x.reduce(0) { $0 + $1 * $1 }]
        case .categorical(let categories, _, _):
          let cells = try train.column(column.name)
          for c in categories ?? [] { sums.append(Double(cells.count { $0 == c })) }
        }
      }
      self.sums = sums
    }
  }
  static func count(_ schema: Schema?) -> Int {
    guard let schema else { return 1 }
    return schema.features.reduce(1) { sum, column in
      switch column.kind {
      case .numeric: sum + 3
      case .categorical(let c, _, _): sum + (c?.count ?? 0)
      }
    }
  }
  static func preprocessing(_ sums: [Double], _ schema: Schema) throws -> Preprocessing {
    var features: [FittedFeature] = []
    var i = 1
    for column in schema.features {
      switch column.kind {
      case .numeric(let range, let missing):
        let (n, x, xx) = (sums[i], sums[i + 1], sums[i + 2])
        let mean = x / n
        let d = max(0, xx / n - mean * mean).squareRoot()
        features.append(FittedFeature(name: column.name, encoding: .numeric(.init(mean: mean, deviation: d > 0 ? d : 1, range: range, missing: missing))))
        i += 3
      case .categorical(let categories, let missing, let unknown):
        features.append(FittedFeature(name: column.name, encoding: .categorical(.init(categories: categories ?? [], missing: missing, unknown: unknown))))
        i += categories?.count ?? 0
      }
    }
    let kind: TargetTransform.Kind = switch schema.target.kind {
    case .binary(let a, let b): .binary(negative: a, positive: b)
    case .classes(let l): .classes(l ?? [])
    case .numeric: .numeric(mean: 0, deviation: 1)
    }
    return try Preprocessing(features: features, targetTransform: TargetTransform(name: schema.target.name, kind: kind))
  }
}

extension StrategySpec {
  var weighting: Weighting { kind == .scaffold || kind.needs == .individualUpdates ? .uniform : .examples }
}
extension CohortSpec {
  func sample(from roster: [String], round: Int, attempt: Int, seed: UInt64) -> [String] { roster }
}
extension Job.FederatedPart {
  var valueRange: Double { 4 }
  enum Transport { case memory, tls }
  var transport: Transport { .tls }
}
