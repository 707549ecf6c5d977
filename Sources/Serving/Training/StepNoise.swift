import Arithmetic
import Privacy
package import Tensors

/// One party's noise in each step of a private training, from a key of its own that its checkpoints keep: a step that is
/// taken again has the same.
///
/// Each number of a key serves one weight of one step. Nobody but the party has the key.
package struct StepNoise {
  private let noise: TrainingProgram.Noise
  private let key: [UInt8]
  private let sampler: GaussianNoise

  /// - Returns: `nil` for a program without noise.
  /// - Throws: ``ServingError/malformedMessage`` where the key is none, as in a checkpoint of another program.
  package init?(_ program: TrainingProgram, key: [UInt8]) throws {
    guard let noise = program.noise else { return nil }
    guard key.count == PseudorandomGenerator.keyByteCount else { throw ServingError.malformedMessage }
    (self.noise, self.key, sampler) = (noise, key, try GaussianNoise(bits: noise.bits))
  }

  static func freshKey() -> [UInt8] { SecureRandom.bytes(PseudorandomGenerator.keyByteCount) }

  /// What this party adds in a step, in whole steps of fixed point, by the name of the input.
  package func words(ofStep step: Int, shape: (String) -> Shape) -> [String: RingTensor] {
    var words: [String: RingTensor] = [:]
    for (index, name) in noise.names.enumerated() {
      let place = UInt64(step) << 24 | UInt64(index)
      let draws = sampler.draws(shape(name).count, key: key, place: place)
      words[name] = RingTensor(shape: shape(name), scalars: draws.map { UInt64(bitPattern: Int64($0)) })
    }
    return words
  }
}
