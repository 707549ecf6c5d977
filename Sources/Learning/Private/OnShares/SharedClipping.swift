import Foundation
import Graphs
import Tensors

/// The numbers of clipping and noise on shares, chosen so that one example moves the noised sum by no more than its noise
/// hides: `docs/PRIVACY-ENCRYPTED.md` has the proof.
///
/// Gradients are taken in units of the clipping norm C, so that the norm to clip to is 1. The sum of clipped gradients times
/// ``factorScale`` is shared as whole steps of 2^−f, and parties or the dealer add rounded normal deviates of 2^``noiseBits`` steps.
/// Rounding of fixed point lets an example through with a norm of at most `1 + overshoot` instead of 1; the noise is for that.
package struct SharedClipping: Hashable, Sendable {
  /// C.
  package let norm: Double
  /// No gradient by an output of the model is larger in magnitude.
  package let outputBound: Float
  /// An example takes part if the squared norms of its activations and upstream gradients sum up to no more.
  package let largestSquares: Float
  /// Values are divided by 2 to this power for the coarse squares, which cannot wrap.
  package let coarseShift: Int
  /// An example takes part if its coarse squares sum up to less.
  package let coarseLimit: Float
  /// κ: what an unclipped gradient is multiplied by, at most 1.
  package let factorScale: Float
  /// One party's noise, one pair's, or the dealer's has a deviation of 2 to this power, in steps of 2^−f.
  package let noiseBits: Int
  /// By how much a clipped gradient may be longer than the norm, as a share of it.
  package let overshoot: Double

  /// Whose noise a sum gets.
  package enum Sharing: Sendable {
    /// That of each of three parties.
    case replicated
    /// That of each party.
    case additive
    /// That of each pair of three parties, which both know.
    case replicatedMalicious
    /// The dealer's, once.
    case spdz

    /// How many of these the corrupt parties do not know: of three with one corrupt two, of parties with a dealer one alone.
    var hiddenCount: Double {
      switch self {
      case .replicated: 2
      case .additive, .replicatedMalicious, .spdz: 1
      }
    }
  }

  /// - Parameters:
  ///   - norm: C.
  ///   - noiseMultiplier: of one step: the noise's deviation over C.
  /// - Throws: ``LearningError`` where layers or numbers leave what can be proved.
  package init(
    _ description: ModelDescription, loss: Loss, norm: Double, noiseMultiplier: Double, fractionBits: Int,
    sharing: Sharing
  ) throws(LearningError) {
    let sizes = try Sizes(description, loss: loss)
    let bounds = try Bounds(sizes, fractionBits: fractionBits)
    let bound: Float = loss == .meanSquaredError ? 4 : 1
    // Probabilities less a one-hot target have a squared norm of at most 2; no other output is larger in any number.
    let squares = loss == .softmaxCrossEntropy ? 2 : Double(sizes.outputs) * Double(bound * bound)
    let smallest = (2 * squares / bounds.largestSquares).squareRoot()
    guard norm >= smallest, Double(sizes.outputs) * pow(Double(bound) / norm, 2) < bounds.largestWord else {
      throw .invalidSetting(
        "privacy.clip",
        reason: "of \(norm) makes gradients too large for \(fractionBits) fraction bits; it must be at least "
          + "\((smallest * 1000).rounded(.up) / 1000)")
    }
    let word = pow(2, Double(fractionBits))
    let rate = noiseMultiplier * word / sharing.hiddenCount.squareRoot()
    let bits = min(24, Int(log2(rate * (bounds.relative + bounds.absolute)).rounded(.down)))
    let scale = (pow(2, Double(bits)) / rate - bounds.absolute) / bounds.relative * (1 - 0x1p-18)
    let overshoot = bounds.relative + bounds.absolute / scale - 1
    guard bits >= 10, scale > 0, overshoot <= 0.25 else {
      throw .invalidSetting(
        "privacy.noiseMultiplier",
        reason: "of \(noiseMultiplier) a step has no room in \(fractionBits) fraction bits; choose another noise, more "
          + "epochs or 20 fraction bits")
    }
    (self.norm, outputBound, largestSquares) = (norm, bound, Float(bounds.largestSquares))
    (coarseShift, coarseLimit) = (bounds.coarseShift, Float(bounds.coarseLimit))
    (factorScale, noiseBits, self.overshoot) = (Float(scale), bits, overshoot)
  }

  /// Gradients are multiplied by it to be in units of the norm.
  var gradientScale: Float { Float(1 / norm) }

  /// What the shared, noised sum is multiplied by to be the mean over so many examples.
  func meanScale(batch: Int) -> Double { norm / (Double(factorScale) * Double(batch)) }
}

extension SharedClipping {
  /// How large the parts of a model are.
  private struct Sizes {
    var inputs = 0
    var outputs = 0
    var denseLayers = 0
    var widest = 0
    var weights = 0
    /// Scalars of an example that the coarse squares watch over.
    var watched = 0

    init(_ description: ModelDescription, loss: Loss) throws(LearningError) {
      let last = description.layers.indices.last
      var output = 0
      for (index, layer) in description.layers.enumerated() {
        switch layer {
        case .dense(let units):
          denseLayers += 1
          output = units
          widest = max(widest, units)
          // Its output's gradient and, of the next layer, the activations.
          watched += 2 * units
        case .relu, .sigmoid, .tanh, .flatten: break
        case .dropout: watched += max(widest, description.inputShape.count)
        case .softmax where index == last && loss.fusedLayer == .softmax: break
        case .conv2d, .averagePool, .maxPool, .gelu, .batchNorm, .layerNorm, .groupNorm, .softmax:
          throw .invalidLayer(
            description.layerNames[index],
            reason:
              "privacy in encrypted training is for dense, relu, sigmoid, tanh, dropout and flatten; write these, "
              + "or train with mode: plain")
        }
      }
      guard denseLayers > 0 else { throw .noLayers }
      // Nothing follows the last one that would take its activations.
      watched -= output
      inputs = description.inputShape.count
      outputs = description.outputShape.count
      weights = description.weightSpecs.reduce(0) { $0 + $1.shape.count }
    }
  }

  /// What an example that takes part is bounded by, and what rounding adds to its norm.
  private struct Bounds {
    let largestSquares: Double
    /// Sums of squares below it do not wrap.
    let largestWord: Double
    let coarseShift: Int
    let coarseLimit: Double
    /// A clipped gradient's norm is at most `relative · κ + absolute`.
    let relative: Double
    let absolute: Double

    init(_ sizes: Sizes, fractionBits: Int) throws(LearningError) {
      let unit = pow(2, -Double(fractionBits))
      let layers = Double(sizes.denseLayers)
      largestWord = pow(2, Double(61 - 2 * fractionBits))
      // n² stays below the domain of the inverse square root and of a truncation.
      let domain = Double(min(fractionBits, 61 - 2 * fractionBits))
      largestSquares = (pow(2, domain / 2 + 1) - 2 * layers - 2).rounded(.down)
      // A truncation's result has at most 64 − f bits, whatever was truncated.
      let count = Double(max(sizes.watched, 1))
      let shift = ((2 * Double(64 - fractionBits) + log2(count) + 0.01 - 61) / 2).rounded(.up)
      let root = pow(2, 30.5 - shift) - count.squareRoot()
      let limit = (max(root, 0) * max(root, 0) * unit).rounded(.down)
      guard limit >= 2, Double(sizes.inputs) < largestWord, largestSquares >= 8 else {
        throw .invalidSetting(
          "encrypted.fractionBits",
          reason: "of \(fractionBits) leave no room to clip a model of this size on shares; choose 20, or fewer units")
      }
      (coarseShift, coarseLimit) = (Int(shift), limit * unit)
      let largestNorm = (largestSquares + layers + 1) / 2
      let squareError = (largestSquares + 2 * layers + 3) * unit
      // The inverse square root is within 1e-6 and 6 units, twice what is documented of it.
      relative = ((1 + squareError).squareRoot() * (1 + 1e-6) + 6 * unit * largestNorm) * (1 + 2 * unit)
      absolute =
        unit
        * (largestNorm + ((largestSquares + layers) * Double(sizes.widest)).squareRoot()
          + Double(sizes.weights).squareRoot())
    }
  }
}
