import Arithmetic
import Coordination
import Datasets
import Federation
import Foundation
import Learning
import Tensors

/// People with an image each, what they send in one step, and what the attack makes of it.
struct Attacked {
  /// What an attacker saw, and the best guess from it.
  struct Scene {
    var name: String
    /// The name below a picture.
    var caption: String
    var likeness: Double
    var guess: [Double]
  }

  let weights: [Float]
  private let description: ModelDescription
  private let images: Dataset
  /// Of other people: federations judge by them, and chance is measured with them.
  private let others: Dataset
  private let seed: UInt64
  private let layout: WeightLayout
  private let attack: FirstLayerAttack

  init(description: ModelDescription, images: Dataset, others: Dataset, seed: UInt64) throws {
    (self.description, self.images, self.others, self.seed) = (description, images, others, seed)
    layout = WeightLayout(description)
    guard let attack = FirstLayerAttack(layout) else {
      throw LearningError.invalidSetting("the attacked model", reason: "must begin with a dense layer")
    }
    self.attack = attack
    weights = try layout.flatten(description.initialWeights(seed: SeedTree(seed: seed).child("weights")))
  }

  let first = "worker-1"

  var tables: [(name: String, rows: WorkerRows)] {
    (0..<images.rowCount).map { row in
      ("worker-\(row + 1)", .memory(.tensors(train: images.rows([row]), test: others.rows([row]))))
    }
  }

  var truth: Raster.Image { Raster.Image(caption: "true", width: 28, shades: record(0)) }

  /// The model after the first person's step, less the model before it.
  func inTurn() throws -> Scene {
    let settings = LocalSettings(
      loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1), batch: 1, epochs: 1, rounds: 1, seed: seed)
    let own = images.rows([0])
    let trainer = try LocalTrainer(
      description, settings, rule: LocalRule(.fedAvg), features: own.features, targets: own.targets.tensor)
    let update = try trainer.train(LocalTask(worker: first, round: 1, weights: weights))
    return scene("in turn: the next one", "in turn", update.vector.map { Double($0) }, of: [0])
  }

  /// - Parameters:
  ///   - message: the first person's update, as the aggregator was sent it.
  ///   - change: of the model, which everybody sees.
  func averaged(message: Data, change: [Double]) -> [Scene] {
    [
      scene("averaging: the trusted aggregator", "aggregator", message.floats(layout.count), of: [0]),
      scene("averaging: the others", "average", change, of: Array(0..<images.rowCount)),
    ]
  }

  /// The same where messages are masked: behind a head of 18 bytes come words of equal width, a few more than weights.
  func hidden(message: Data, change: [Double]) -> [Scene] {
    let head = 18
    let bits = max(1, min(63, (message.count - head) * 8 / (layout.count + 2)))
    return [
      scene(
        "secure averaging: the coordinator, of one", "masked", message.words(layout.count, bits: bits, after: head),
        of: [0]),
      scene("secure averaging: the coordinator, of all", "secure sum", change, of: Array(0..<images.rowCount)),
    ]
  }

  /// How like one of the images are those of other people, as many as there are guesses: what is no attack.
  func chance() -> Scene {
    let guesses = (0..<min(attack.guessCount, others.rowCount)).map { row in pixels(of: others, row) }
    let best = Likeness.best(of: guesses, records: (0..<images.rowCount).map(record))
    return Scene(
      name: "chance: images of other people", caption: "chance", likeness: best.likeness, guess: best.guess)
  }

  private func scene(_ name: String, _ caption: String, _ change: [Double], of rows: [Int]) -> Scene {
    guard change.count >= attack.length else { return Scene(name: name, caption: caption, likeness: 0, guess: []) }
    let best = Likeness.best(of: attack.guesses(change), records: rows.map(record))
    return Scene(name: name, caption: caption, likeness: best.likeness, guess: best.guess)
  }

  private func record(_ row: Int) -> [Double] { pixels(of: images, row) }

  private func pixels(of set: Dataset, _ row: Int) -> [Double] {
    set.features.scalars[784 * row..<784 * row + 784].map { Double($0) }
  }
}

extension Attacked.Scene {
  /// The guess on its own scale.
  var picture: Raster.Image {
    let (low, high) = (guess.min() ?? 0, guess.max() ?? 1)
    return Raster.Image(
      caption: caption, width: 28, shades: guess.map { high > low ? ($0 - low) / (high - low) : 0 })
  }
}
