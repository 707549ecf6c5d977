import NIOConcurrencyHelpers
import Serving
import Testing

/// The bench over memory. Oracle: the plain engine, within 1e-3; the traffic is held against the plan by the bench itself.
@Suite struct WorkloadTests {
  static let small: [Workload] = [
    .matmul128, .credit1, .creditLogit690, .mnistMLP1, .mnistCNN1, .trainBoston, .softmax, .max, .less100k,
  ]

  @Test func everyWorkloadIsMeasuredInTurn() async throws {
    let lines = NIOLockedValueBox<[WorkloadMeasurement]>([])
    try await WorkloadRunner(transport: .memory, executable: "", patience: .zero).run(Self.small) { line in
      lines.withLockedValue { $0.append(line) }
    }
    let measured = lines.withLockedValue { $0 }
    #expect(measured.map(\.workload) == Self.small.map(\.rawValue))
    for line in measured {
      #expect(line.maxAbsoluteError < 1e-3 && line.runs == 3, "\(line)")
      #expect(line.rounds > 0 && line.bytesSentTotal > 0)
    }
  }

  /// The peers' figures for the same work: fewer bytes on every row that has one.
  @Test func fewerBytesThanTheStrongestPeer() async throws {
    let peer: [(Workload, Int)] = [
      (.relu100k, 9_216_000), (.less100k, 6_816_000), (.creditLogit1, 14_180), (.creditLogit690, 9_852_510),
      (.mnistMLP1, 38_224), (.mnistCNN1, 1_298_104), (.trainMNIST, 23_125_750), (.trainBoston, 2_329_780),
    ]
    let lines = NIOLockedValueBox<[WorkloadMeasurement]>([])
    try await WorkloadRunner(transport: .memory, executable: "", patience: .zero).run(peer.map(\.0)) { line in
      lines.withLockedValue { $0.append(line) }
    }
    for (line, peer) in zip(lines.withLockedValue({ $0 }), peer) { #expect(line.bytesSentTotal < peer.1) }
  }

  /// Oracle besides: what is dealt is held against the plan, and the fixed weights cost nothing online.
  @Test(arguments: [2, 3]) func additivePartiesAreMeasured(parties: Int) async throws {
    let chosen: [Workload] = [.matmul128, .credit1, .mnistMLP1, .mnistCNN1, .softmax, .argmax, .mnistMLP1]
    let lines = NIOLockedValueBox<[WorkloadMeasurement]>([])
    try await WorkloadRunner(engine: .additive, parties: parties, transport: .memory, executable: "", patience: .zero)
      .run(chosen) { line in lines.withLockedValue { $0.append(line) } }
    let measured = lines.withLockedValue { $0 }
    #expect(measured.map(\.workload) == chosen.map(\.rawValue))
    for line in measured {
      #expect(line.maxAbsoluteError < 1e-3 && line.runs == 3 && line.parties == parties, "\(line)")
      #expect(line.rounds > 0 && line.bytesSentTotal > 0 && line.dealtBytes > 0 && line.offlineSeconds > 0)
    }
    // Three dense layers of two rounds each, and two ReLUs of 5 on 32 bits or 6 on 64.
    #expect(measured[2].rounds <= 3 * 2 + 2 * 6)
    #expect(measured[2].bytesSentTotal < parties * (parties - 1) * 8 * 4 * (784 + 128 + 128))
    #expect(measured[2].dealtBytes == measured[6].dealtBytes)
  }

  /// The same for replicated parties whose products are checked.
  @Test func checkedPartiesAreMeasured() async throws {
    let chosen: [Workload] = [.credit1, .mnistMLP1, .softmax, .argmax, .trainBoston, .mnistMLP1]
    let lines = NIOLockedValueBox<[WorkloadMeasurement]>([])
    try await WorkloadRunner(engine: .replicatedMalicious, transport: .memory, executable: "", patience: .zero)
      .run(chosen) { line in lines.withLockedValue { $0.append(line) } }
    let measured = lines.withLockedValue { $0 }
    #expect(measured.map(\.workload) == chosen.map(\.rawValue))
    for line in measured {
      #expect(line.maxAbsoluteError < 1e-3 && line.runs == 3 && line.parties == 3, "\(line)")
      #expect(line.rounds > 36 && line.dealtBytes == 0)
    }
  }

  /// The same for parties whose shares have MACs; the check is in the rounds.
  @Test(arguments: [2, 3]) func authenticatedPartiesAreMeasured(parties: Int) async throws {
    let chosen: [Workload] = [.credit1, .mnistMLP1, .softmax, .argmax, .trainBoston, .mnistMLP1]
    let lines = NIOLockedValueBox<[WorkloadMeasurement]>([])
    try await WorkloadRunner(engine: .spdz, parties: parties, transport: .memory, executable: "", patience: .zero)
      .run(chosen) { line in lines.withLockedValue { $0.append(line) } }
    let measured = lines.withLockedValue { $0 }
    #expect(measured.map(\.workload) == chosen.map(\.rawValue))
    for line in measured {
      #expect(line.maxAbsoluteError < 1e-3 && line.runs == 3 && line.parties == parties, "\(line)")
      #expect(line.protocol == "spdz" && line.bytesSentTotal > 0 && line.dealtBytes > 0 && line.offlineSeconds > 0)
    }
    #expect(measured[1].rounds <= 3 * 2 + 2 * 6 + 4)
    #expect(measured[1].dealtBytes == measured[5].dealtBytes)
  }

  @Test func otherEnginesAreRefused() {
    #expect(throws: ServingError.self) { try WorkloadRunner(engine: .clear, transport: .memory, executable: "") }
    #expect(throws: ServingError.self) {
      try WorkloadRunner(engine: .additive, parties: 1, transport: .memory, executable: "")
    }
  }
}
