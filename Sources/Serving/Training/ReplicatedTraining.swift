import Arithmetic
package import Sharing
package import Tensors
package import Transports

/// Trainings among three replicated parties.
///
/// Keys and counters belong to a training's checkpoints: steps that are taken again send the same words again, so no mask
/// serves two different messages.
package struct ReplicatedTraining: TrainingScheme {
  private let channel: any Channel
  private let agree: @Sendable (any Channel, String) async throws -> SessionSecrets

  /// - Parameter agree: how fresh keys are found; tests put known ones in its place.
  package init(
    over channel: any Channel,
    agree: @escaping @Sendable (any Channel, String) async throws -> SessionSecrets = { channel, session in
      try await ReplicatedScheme.agree(over: channel, session: session)
    }
  ) {
    self.channel = channel
    self.agree = agree
  }

  package func begin(_ id: String) async throws -> [[UInt8]] {
    let secrets = try await agree(channel, id)
    return [secrets.first, secrets.second]
  }

  package func steps(of program: TrainingProgram, keys: [[UInt8]], after done: Int) throws -> ReplicatedSteps {
    guard keys.count == 2, keys.allSatisfy({ $0.count == PseudorandomGenerator.keyByteCount }) else {
      throw ServingError.malformedMessage
    }
    let scheme = ReplicatedScheme(
      channel: channel, secrets: SessionSecrets(first: keys[0], second: keys[1]), step: UInt32(done))
    scheme.options = program.options
    return ReplicatedSteps(scheme: scheme, program: program)
  }
}

/// Steps whose counters are their numbers.
package struct ReplicatedSteps: TrainingSteps {
  package let scheme: ReplicatedScheme
  let program: TrainingProgram

  package var traffic: Cost { scheme.traffic }

  package func run(
    _ work: Int, _ inputs: [String: ReplicatedShare], own: [String: RingTensor]
  ) async throws -> [ReplicatedShare] {
    try scheme.beginStep()
    return try await SecureEngine(
      scheme, fractionBits: program.fractionBits, comparisonWidth: program.comparisonWidth
    ).run(program.graph(ofWork: work), inputs: inputs, numbers: program.numbers(ofWork: work), own: own)
  }

  package func finish() throws -> Double {
    try scheme.beginStep()
    return 0
  }

  package func tell(_ share: ReplicatedShare, under mask: ReplicatedShare?) -> RingTensor {
    scheme.summandForOutside(share)
  }
}
