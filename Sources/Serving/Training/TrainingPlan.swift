import Graphs
public import Learning
import Sharing
import Tensors
import Transports

/// What a training on shares will send, found without running it.
public struct TrainingPlan: Codable, Hashable, Sendable {
  /// Something that happens as often and costs the same every time.
  public struct Part: Codable, Hashable, Sendable {
    public var name: String
    public var times: Int
    /// Of one time, like what follows: message latencies, payload of all together, what a dealer deals.
    public var rounds: Int
    public var bytesSent: Int
    public var dealtBytes: Int
    /// Numbers that the job's owner learns; nobody else learns any.
    public var openedValues: Int

    init(_ name: String, times: Int = 1, _ cost: Cost, openedValues: Int = 0) {
      self.name = name
      self.times = times
      (rounds, bytesSent, dealtBytes) = (cost.rounds, cost.byteCount, cost.dealtByteCount)
      self.openedValues = openedValues
    }
  }

  /// How the parties share, and how many they are.
  public let scheme: String
  public let parties: Int
  public let parts: [Part]
  public let rounds: Int
  public let bytesSent: Int
  public let dealtBytes: Int
  public let openedValues: Int

  var cost: Cost { Cost(rounds: rounds, byteCount: bytesSent, dealtByteCount: dealtBytes) }

  /// The plan of an encrypted job whose rows this process has.
  ///
  /// - Throws: `LearningError` and `DatasetError` from the job, ``ServingError``.
  public init(_ job: Job, environment: [String: String]) async throws {
    guard !job.hasSeparateOwners else {
      throw ServingError.badRequest(
        "how much is sent depends on the numbers of rows, which the owners alone have: plan a job whose rows are here")
    }
    let prepared = try PreparedJob(job, environment: environment)
    let counts = RowCounts(training: prepared.ownerRows, test: prepared.ownerTestRows)
    self = try await JobPlan(prepared, counts, stopped: nil).traffic
  }

  /// - Parameters:
  ///   - counts: rows of each owner.
  ///   - areHere: whether this process shares them; otherwise what their owners send is left out.
  init(
    of program: TrainingProgram, counts: RowCounts, areHere: Bool, scheme: ClusterScheme
  ) async throws {
    let costs = scheme.costs(program.options)
    var parts = [Part("keys are agreed on", costs.starting)]
    if let (name, cost) = scheme.agreeing { parts.append(Part(name, cost)) }
    var parcels: [Int] = []
    for part in RowPart.allCases where program.rowWidth(of: part) > 0 {
      let blocks = (part == .training ? counts.training : counts.test).flatMap(Self.blocks)
        .map { $0.count * program.rowWidth(of: part) }
      parcels += blocks
      guard areHere, !blocks.isEmpty else { continue }
      let shared = blocks.reduce(Cost.none) { $0 + scheme.bringing(count: $1) }
      parts.append(Part("\(part.rawValue) rows are shared", shared))
    }
    let hidden = scheme.masks(of: program).reduce(0) { $0 + $1.count }
    let firstCount = program.weightNames.reduce(hidden) { $0 + program.shape(of: $1).count }
    parts.append(Part("first weights are shared", scheme.bringing(count: firstCount)))
    if let (name, cost) = scheme.admitting(counts: [firstCount] + parcels) { parts.append(Part(name, cost)) }
    parts += try await Self.work(of: program, costs, scheme)
    if program.revealsLoss, program.checkpointEvery > 0, let (name, cost) = scheme.keepingEpoch {
      parts.append(Part(name, times: program.epochs, cost))
    }
    if program.revealsLoss {
      parts.append(
        Part("an epoch's loss is revealed", times: program.epochs, scheme.opening(count: 1), openedValues: 1))
    }
    let revealed = program.revealedCount
    if revealed > 0 {
      parts.append(Part("the result is revealed", scheme.opening(count: revealed), openedValues: revealed))
    }
    self.parts = parts
    self.scheme = costs.name
    parties = costs.partyCount
    func total(_ number: (Part) -> Int) -> Int { parts.reduce(0) { $0 + $1.times * number($1) } }
    (rounds, bytesSent) = (total(\.rounds), total(\.bytesSent))
    (dealtBytes, openedValues) = (total(\.dealtBytes), total(\.openedValues))
  }

  /// Rows that travel in one parcel.
  private static let rowsPerBlock = 1024

  /// The ranges of rows that travel together.
  static func blocks(of count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: rowsPerBlock).map { $0..<min($0 + rowsPerBlock, count) }
  }

  /// Steps and judging; those of one size and cost are one part.
  private static func work(
    of program: TrainingProgram, _ costs: any CostModel, _ scheme: ClusterScheme
  ) async throws -> [Part] {
    var known: [TrainingProgram.WorkKind: Cost] = [:]
    var parts: [Part] = []
    for work in 0..<program.workCount {
      let kind = program.kind(ofWork: work)
      if known[kind] == nil {
        known[kind] = try await cost(ofWork: work, in: program, costs, scheme) + scheme.checkingStep
      }
      let part = Part("\(kind.isJudging ? "judging" : "a step") on \(kind.size) rows", known[kind] ?? .none)
      if let place = parts.firstIndex(where: { $0.name == part.name && $0.cost == part.cost }) {
        parts[place].times += 1
      } else {
        parts.append(part)
      }
    }
    return parts
  }

  private static func cost(
    ofWork work: Int, in program: TrainingProgram, _ costs: any CostModel, _ sharing: ClusterScheme
  ) async throws -> Cost {
    let (graph, numbers) = (program.graph(ofWork: work), program.numbers(ofWork: work))
    let scheme = MeteredScheme(costs)
    let engine = SecureEngine(
      scheme, fractionBits: program.fractionBits, comparisonWidth: program.comparisonWidth)
    let noise = Set(program.noise(ofWork: work)?.names ?? [])
    let brought = sharing.isChecked ? [] : noise
    let inputs = graph.inputs.filter { numbers[$0.key] == nil && !brought.contains($0.key) }
    let own = graph.inputs.filter { brought.contains($0.key) }
    _ = try await engine.run(
      graph, inputs: inputs.mapValues { scheme.share(of: graph.nodes[$0].shape) }, numbers: numbers,
      own: own.mapValues { RingTensor(repeating: 0, shape: graph.nodes[$0].shape) },
      noise: noise.subtracting(brought))
    let noiseCount = noise.reduce(0) { $0 + (graph.shape(ofInput: $1)?.count ?? 0) }
    return sharing.drawingNoise(count: noiseCount) + scheme.traffic
  }
}

extension TrainingPlan.Part {
  fileprivate var cost: Cost { Cost(rounds: rounds, byteCount: bytesSent, dealtByteCount: dealtBytes) }
}
