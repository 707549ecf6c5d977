import Foundation
public import Identity
import Sharing
public import Tensors
import Transports

/// A question to a shared model at one of several clusters that serve it: the first that answers does.
public struct ModelQuery: Sendable {
  /// A cluster and what to call it.
  public struct Place: Sendable {
    public var name: String
    public var cluster: ClusterFile

    public init(name: String, cluster: ClusterFile) {
      self.name = name
      self.cluster = cluster
    }
  }

  /// What came of it, as `tacit query --json` prints it.
  public struct Outcome: Sendable, Codable {
    public var model: String
    /// Which cluster answered.
    public var cluster: String
    public var batch: Int
    /// From the input in the clear to the answer in the clear.
    public var seconds: Double
    public var rounds: Int
    public var bytesSent: Int
    /// One row an example.
    public var predictions: [[Float]]
    /// One an example, where the owner has published the labels of classes.
    public var labels: [String]?
    /// After this question; none where nothing limits them.
    public var requestsLeft: Int?
  }

  private let model: String
  private let places: [Place]
  private let identity: NodeIdentity
  private let patience: Duration

  /// - Parameter patience: how long to wait for a party to come up, and for each answer.
  public init(model: String, places: [Place], identity: NodeIdentity, patience: Duration) {
    self.model = model
    self.places = places
    self.identity = identity
    self.patience = patience
  }

  /// Asks the clusters in their order until one answers; a refusal by policy is final.
  ///
  /// - Parameters:
  ///   - input: the batch for a model, as its card describes it.
  ///   - passed: told of clusters that could not be asked, and why.
  public func run(
    _ input: (ModelCard) throws -> Tensor<Float>, passed: (String, any Error) -> Void = { _, _ in }
  ) async throws -> (outcome: Outcome, output: Tensor<Float>) {
    let loop = SocketLoop(name: "client", spin: .zero)
    defer { loop.shutdown() }
    for place in places.dropLast() {
      do { return try await ask(place, within: min(patience, .seconds(5)), loop, input) } catch {
        guard Self.isLocal(error) else { throw error }
        passed(place.name, error)
      }
    }
    guard let last = places.last else { throw ServingError.badRequest("name a cluster to ask") }
    return try await ask(last, within: patience, loop, input)
  }

  /// Whether another cluster may do better.
  private static func isLocal(_ error: any Error) -> Bool {
    switch error {
    case is ChannelError: true
    case let error as ServingError: error.exitCode == 3 || error.exitCode == 5
    case _: false
    }
  }

  private func ask(
    _ place: Place, within patience: Duration, _ loop: SocketLoop, _ input: (ModelCard) throws -> Tensor<Float>
  ) async throws -> (outcome: Outcome, output: Tensor<Float>) {
    let client = try await ClusterClient.connect(to: place.cluster, as: identity, loop: loop, patience: patience)
    do {
      let answer = try await ask(client, place.name, input)
      await client.close()
      return answer
    } catch {
      await client.close()
      throw error
    }
  }

  private func ask(
    _ client: ClusterClient, _ place: String, _ input: (ModelCard) throws -> Tensor<Float>
  ) async throws -> (outcome: Outcome, output: Tensor<Float>) {
    let card = try await client.card(of: model)
    let x = try input(card)
    try await checkRequests(client, x.shape[0])
    var answers: [Prediction] = []
    for start in stride(from: 0, to: x.shape[0], by: SecretPredictor.largestPiece) {
      let piece = x.sliced(axis: 0, start..<min(start + SecretPredictor.largestPiece, x.shape[0]))
      answers.append(try await client.query(card, piece))
    }
    let answer = Prediction.joining(answers)
    let width = answer.output.count / max(x.shape[0], 1)
    let rows = (0..<x.shape[0]).map { Array(answer.output.scalars[$0 * width..<($0 + 1) * width]) }
    let outcome = Outcome(
      model: model, cluster: place, batch: x.shape[0], seconds: answer.seconds, rounds: answer.traffic.rounds,
      bytesSent: answer.traffic.byteCount, predictions: rows, labels: card.labels.flatMap { Self.labels($0, of: rows) },
      requestsLeft: try await requestsLeft(client))
    return (outcome, answer.output)
  }

  private func requestsLeft(_ client: ClusterClient) async throws -> Int? {
    try await client.models().first { $0.name == model }?.requestsLeft
  }

  /// A batch that goes in pieces is not begun where the requests that are left do not do for all of it.
  private func checkRequests(_ client: ClusterClient, _ batch: Int) async throws {
    guard batch > SecretPredictor.largestPiece, let left = try await requestsLeft(client), left < batch else { return }
    throw ServingError.policy(
      "the model \"\(model)\" answers \(left) more requests of yours, and this query needs \(batch)")
  }

  /// The label of the largest number; of a single one, whether it is over a half.
  private static func labels(_ labels: [String], of rows: [[Float]]) -> [String]? {
    guard let width = rows.first?.count, width == labels.count || width == 1 && labels.count == 2 else { return nil }
    return rows.map { row in
      guard width > 1 else { return labels[row[0] > 0.5 ? 1 : 0] }
      return labels[row.indices.max { row[$0] < row[$1] } ?? 0]
    }
  }
}
