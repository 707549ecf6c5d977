import Tacit

/// A program that no list of layers gives: weights of features, and of every pair of them by a few factors each.
///
/// `σ(b + Σ wᵢ xᵢ + ½ Σ_f ((Σᵢ vᵢf xᵢ)² − Σᵢ vᵢf² xᵢ²))`: S. Rendle, *Factorization Machines*, ICDM 2010.
struct FactorisationMachine {
  let features: Int
  let factors: Int

  static let weightNames = ["bias", "linear", "pairs"]

  /// Weights to begin with: small numbers that follow from the seed.
  func start(seed: UInt64) -> [String: Tensor<Float>] {
    var generator = SeedTree(seed: seed).child("factors").generator()
    let pairs = (0..<features * factors).map { _ in Float(generator.normal()) * 0.05 }
    return [
      "bias": Tensor(repeating: 0, shape: [1]), "linear": Tensor(repeating: 0, shape: [features, 1]),
      "pairs": Tensor(shape: [features, factors], scalars: pairs),
    ]
  }

  /// What is asked of the model: `x [batch, features]` to probabilities `[batch, 1]`.
  func prediction(batch: Int) -> Graph {
    let builder = GraphBuilder()
    return builder.build([score(builder, batch: batch).sigmoid()])
  }

  /// A step of training: the mean loss, and its gradient by each weight.
  func step(batch: Int) throws -> Graph {
    let builder = GraphBuilder()
    let score = score(builder, batch: batch)
    let target = builder.input("target", [batch, 1])
    // Cross-entropy, written so that it never takes a logarithm of zero: −log σ(z) where z = ±score.
    let signed = score * (target * 2 + -1)
    let loss = -(signed.sigmoid() + 1e-6).log().mean(axes: [0, 1])
    return builder.build([loss] + (try loss.gradients(by: weights(builder))))
  }

  private func weights(_ builder: GraphBuilder) -> [Symbol] {
    [builder.input("bias", [1]), builder.input("linear", [features, 1]), builder.input("pairs", [features, factors])]
  }

  private func score(_ builder: GraphBuilder, batch: Int) -> Symbol {
    let x = builder.input("x", [batch, features])
    let weights = weights(builder)
    let sums = x.matmul(weights[2])
    let squares = (x * x).matmul(weights[2] * weights[2])
    // A sum keeps its axis with extent 1, and terms of other shapes are repeated: the program fits any batch.
    let interactions = (sums * sums - squares).sum(axes: [1]) * 0.5
    return x.matmul(weights[1]) + interactions + weights[0]
  }
}
