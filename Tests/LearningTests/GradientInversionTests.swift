import Arithmetic
import Foundation
import Graphs
import Learning
import Tensors
import Testing

@Suite struct GradientInversionTests {
  private let layers: [LayerSpec] = [.dense(units: 24), .sigmoid, .dense(units: 4), .softmax]

  private struct Scene {
    let description: ModelDescription
    let weights: Weights
    let rows: [[Float]]
    let labels: [Int]
    let gradient: Weights
  }

  /// A network, some rows, and the gradient that a worker with these rows has in one step.
  private func scene(_ layers: [LayerSpec], labels: [Int], width: Int = 10) throws -> Scene {
    let description = try ModelDescription(layers: layers, inputShape: [width])
    let weights = description.initialWeights(seed: SeedTree(seed: 3))
    var random = SeedTree(seed: 4).generator()
    let rows = labels.map { _ in (0..<width).map { _ in Float(random.normal()) } }
    let graph = try TrainingGraph(description, loss: .softmaxCrossEntropy, batch: labels.count)
    var inputs = weights.byName
    inputs["x"] = Tensor(shape: [labels.count, width], scalars: rows.flatMap { $0 })
    inputs["y"] = Tensor(
      shape: [labels.count, 4], scalars: labels.flatMap { label in (0..<4).map { $0 == label ? 1 : 0 } })
    let outputs = try PlainEngine().run(graph.graph, inputs: inputs)
    let gradient = Weights(Array(zip(graph.weightNames, outputs.dropFirst())).map { ($0.0, $0.1) })
    return Scene(description: description, weights: weights, rows: rows, labels: labels, gradient: gradient)
  }

  private func inversion(_ scene: Scene) -> GradientInversion {
    GradientInversion(
      scene.description, loss: .softmaxCrossEntropy, weights: scene.weights, gradient: scene.gradient,
      rows: scene.labels.count)
  }

  /// Pearson's.
  private func likeness(_ a: [Double], _ b: [Float]) -> Double {
    let (x, y) = (a, b.map { Double($0) })
    let (meanX, meanY) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
    let (dx, dy) = (x.map { $0 - meanX }, y.map { $0 - meanY })
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    return dot(dx, dy) / (dot(dx, dx) * dot(dy, dy)).squareRoot()
  }

  /// Oracle: differences of the value in each direction, which no derivative rule has a part in.
  @Test(arguments: [true, false]) func gradientsByTheGuessAreThoseOfDifferences(isSquared: Bool) throws {
    let scene = try scene(layers, labels: [2, 0])
    let matching = try GradientMatching(
      scene.description, loss: .softmaxCrossEntropy, rows: 2, weights: scene.weights, gradient: scene.gradient,
      distance: isSquared ? .squared : .cosine(variation: 0), freesTargets: true)
    var random = SeedTree(seed: 8).generator()
    let point = (0..<20).map { _ in random.normal() }
    let targets = (0..<8).map { _ in random.normal() }
    let found = matching.run(rows: point, targets: targets)
    let step = 0.01
    for index in 0..<28 {
      func value(_ sign: Double) -> Double {
        var (rows, free) = (point, targets)
        if index < 20 { rows[index] += sign * step } else { free[index - 20] += sign * step }
        return matching.run(rows: rows, targets: free).value
      }
      let slope = (value(1) - value(-1)) / (2 * step)
      let own = index < 20 ? found.rows[index] : found.targets[index - 20]
      #expect(abs(slope - own) < 0.01 * max(abs(own), 0.05), "\(index): \(slope), \(own)")
    }
  }

  /// Oracle: Rosenbrock's valley ends at (1, 1).
  @Test func valleysAreFollowedToTheirEnd() {
    let found = LimitedMemoryBFGS(iterations: 200).minimise(from: [-1.2, 1]) { point in
      let (x, y) = (point[0], point[1])
      return (
        100 * pow(y - x * x, 2) + pow(1 - x, 2), [-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)]
      )
    }
    #expect(abs(found.point[0] - 1) < 1e-4 && abs(found.point[1] - 1) < 1e-4 && found.value < 1e-8)
  }

  @Test func labelsOfOneAreToldExactly() throws {
    for label in 0..<4 {
      let scene = try scene(layers, labels: [label])
      #expect(try inversion(scene).labels(seed: SeedTree(seed: 1)) == [label])
    }
  }

  @Test func sharesBecomeCounts() {
    #expect(GradientInversion.counts([0.5, 0.3, 0.2], total: 10) == [5, 3, 2])
    #expect(GradientInversion.counts([-1, 0.4, 0.4], total: 3).reduce(0, +) == 3)
    #expect(GradientInversion.counts([-1, -1], total: 3) == [3, 0])
    #expect(GradientInversion.counts([.nan, 1], total: 2) == [0, 2])
  }

  @Test func rowsOfOneComeBack() throws {
    let scene = try scene(layers, labels: [2])
    let bySquares = try inversion(scene).rowsBySquares(iterations: 300, seed: SeedTree(seed: 5))
    #expect(likeness(bySquares[0], scene.rows[0]) > 0.99)
    let byDirection = try inversion(scene).rowsByDirection(labels: [2], iterations: 1000, seed: SeedTree(seed: 5))
    #expect(likeness(byDirection[0], scene.rows[0]) > 0.99)
    // Noise is no gradient of any row, and gives none back.
    var random = SeedTree(seed: 9).generator()
    let noise = Weights(
      scene.gradient.names.compactMap { name in
        scene.gradient[name].map { tensor in
          (name, Tensor(shape: tensor.shape, scalars: tensor.scalars.map { _ in Float(random.normal()) }))
        }
      })
    let blind = GradientInversion(
      scene.description, loss: .softmaxCrossEntropy, weights: scene.weights, gradient: noise, rows: 1)
    let found = try blind.rowsBySquares(iterations: 100, starts: 1, seed: SeedTree(seed: 5))
    #expect(abs(likeness(found[0], scene.rows[0])) < 0.95)
  }

  @Test func convolutionsAreMatched() throws {
    let description = try ModelDescription(
      layers: [
        .conv2d(filters: 6, kernel: 3, stride: 1, padding: 1), .sigmoid, .flatten, .dense(units: 4), .softmax,
      ], inputShape: [1, 8, 8])
    #expect(GradientInversion.obstacle(description, rows: 1) == nil)
    let weights = description.initialWeights(seed: SeedTree(seed: 3))
    var random = SeedTree(seed: 4).generator()
    let image = (0..<64).map { _ in Float(random.uniform()) }
    let graph = try TrainingGraph(description, loss: .softmaxCrossEntropy, batch: 1)
    var inputs = weights.byName
    inputs["x"] = Tensor(shape: [1, 1, 8, 8], scalars: image)
    inputs["y"] = Tensor(shape: [1, 4], scalars: [0, 1, 0, 0])
    let outputs = try PlainEngine().run(graph.graph, inputs: inputs)
    let gradient = Weights(Array(zip(graph.weightNames, outputs.dropFirst())).map { ($0.0, $0.1) })
    let found = try GradientInversion(
      description, loss: .softmaxCrossEntropy, weights: weights, gradient: gradient, rows: 1
    ).rowsBySquares(iterations: 300, seed: SeedTree(seed: 6))
    #expect(likeness(found[0], image) > 0.98)
  }

  @Test func whatIsNotCoveredIsSaid() throws {
    func obstacle(_ layers: [LayerSpec], rows: Int = 1) throws -> String? {
      GradientInversion.obstacle(try ModelDescription(layers: layers, inputShape: [10]), rows: rows)
    }
    #expect(try obstacle(layers) == nil)
    #expect(try obstacle(layers, rows: 9)?.contains("9 rows") == true)
    #expect(try obstacle([.dense(units: 4), .dropout(rate: 0.5), .dense(units: 2)])?.contains("dropout1") == true)
    #expect(try obstacle([.dense(units: 4), .batchNorm, .dense(units: 2)])?.contains("batchNorm1") == true)
    let description = try ModelDescription(layers: [.dense(units: 1)], inputShape: [3])
    #expect(GradientInversion.labelObstacle(description, loss: .meanSquaredError) != nil)
    #expect(GradientInversion.labelObstacle(description, loss: .binaryCrossEntropy) == nil)
  }

  /// Oracle: means by hand, the corner's of four pixels, the middle's of nine.
  @Test func blursAreMeansOfNeighbours() {
    let image: [Double] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 90, 0, 0, 0, 0]
    let blurred = BoxBlur.apply(image, [2, 3, 3])
    #expect(abs(blurred[0] - 3) < 1e-12 && abs(blurred[4] - 5) < 1e-12 && abs(blurred[13] - 10) < 1e-12)
    #expect(abs(blurred[9] - 22.5) < 1e-12 && abs(blurred[10] - 15) < 1e-12)
  }

  /// A linear model's confidence rises along its weights: that is what a climb must find.
  @Test func climbsFollowWhatTheModelLooksFor() throws {
    let description = try ModelDescription(layers: [.dense(units: 1), .sigmoid], inputShape: [12])
    var random = SeedTree(seed: 2).generator()
    let weights = (0..<12).map { _ in Float(random.normal()) }
    let model = try Model(
      description: description,
      weights: Weights([
        ("dense1.weight", Tensor(shape: [12, 1], scalars: weights)), ("dense1.bias", Tensor(repeating: 0, shape: [1])),
      ]))
    var attack = try ModelInversion(model, loss: .binaryCrossEntropy)
    attack.steps = 60
    for (label, sign) in [(1, 1.0), (0, -1.0)] {
      let found = try attack.climb(class: label, seed: SeedTree(seed: 1))
      #expect(sign * likeness(found.row, weights) > 0.9 && found.confidence > 0.95 && found.queries == 6001)
    }
    // Answers of no digits tell nothing.
    attack.decimals = 0
    attack.steps = 5
    let blind = try attack.climb(class: 1, seed: SeedTree(seed: 1))
    #expect(abs(likeness(blind.row, weights)) <= 1)
    #expect(throws: LearningError.self) { try ModelInversion(model, loss: .meanSquaredError) }
  }
}
