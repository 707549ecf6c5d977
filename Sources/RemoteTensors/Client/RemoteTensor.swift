internal import Graphs
public import Tensors

/// A pointer to a tensor at a worker.
///
/// ```swift
/// let x = try await Tensor(shape: [2], scalars: [1, 2]).send(to: bob)
/// let sum = try await x + x          // computed by bob
/// let value = try await sum.get()    // [2, 4]
/// ```
///
/// When the last reference goes, so does the tensor: the next question to the worker, or ``RemoteWorker/close()``,
/// tells it. Everything that talks throws ``RemoteError``.
public final class RemoteTensor: Sendable {
  public let worker: RemoteWorker
  public let shape: Shape
  let id: String

  init(_ pointer: Reply.Pointer, at worker: RemoteWorker) {
    self.worker = worker
    id = pointer.id
    shape = pointer.shape
  }

  deinit { worker.forget(id) }

  /// The tensor itself, if the worker's policy lets it out.
  public func get() async throws(RemoteError) -> Tensor<Float> {
    // A pointer that goes while its question waits would be forgotten before it is answered.
    defer { withExtendedLifetime(self) {} }
    let value = try await worker.value(id)
    guard value.shape == shape else { throw .malformedReply(from: worker.name) }
    return value
  }

  /// Has the worker hand the tensor to another one, which it must be connected to; this client must be connected to
  /// both.
  ///
  /// The values do not pass through the client. Here the tensor is gone afterwards. What the first worker's policy does
  /// not let out goes only to workers that the policy names, and never leaves these.
  public func move(to other: RemoteWorker) async throws(RemoteError) -> RemoteTensor {
    defer { withExtendedLifetime(self) {} }
    return RemoteTensor(try await worker.places(.move(id: id, to: other.name), count: 1)[0], at: other)
  }

  /// Has the worker cut the tensor into shares for itself and for others, which it sends them without the client.
  ///
  /// Any of the holders but one together learn nothing. Fixed point with 16 fraction bits; what is larger than 2^24 in
  /// magnitude is shared as 2^24.
  public func share(among workers: [RemoteWorker]) async throws(RemoteError) -> SharedRemoteTensor {
    defer { withExtendedLifetime(self) {} }
    let places = try await worker.places(.share(id: id, among: workers.map(\.name)), count: workers.count)
    return SharedRemoteTensor(pieces: zip(places, workers).map { RemoteTensor($0, at: $1) })
  }

  /// Tells the worker at once that the tensor is not needed any more; using it afterwards is refused.
  public func delete() async throws(RemoteError) {
    worker.forget(id)
    try await worker.forgetNow()
  }

  public static func + (a: RemoteTensor, b: RemoteTensor) async throws(RemoteError) -> RemoteTensor {
    try await a.combine(.add, b)
  }
  public static func - (a: RemoteTensor, b: RemoteTensor) async throws(RemoteError) -> RemoteTensor {
    try await a.combine(.subtract, b)
  }
  public static func * (a: RemoteTensor, b: RemoteTensor) async throws(RemoteError) -> RemoteTensor {
    try await a.combine(.multiply, b)
  }
  /// `[m, k] · [k, n] → [m, n]`.
  public func matmul(_ other: RemoteTensor) async throws(RemoteError) -> RemoteTensor {
    try await combine(.matmul(transposeLeft: false, transposeRight: false), other)
  }
  /// The sum over axes, which keep extent 1; over all rows of a worker's own tensor, a policy can let it out.
  public func sum(axes: [Int]) async throws(RemoteError) -> RemoteTensor { try await apply(.sum(axes: axes)) }
  /// The mean over axes, which keep extent 1; released as a sum is.
  public func mean(axes: [Int]) async throws(RemoteError) -> RemoteTensor { try await apply(.mean(axes: axes)) }

  private func apply(_ operation: Operation) async throws(RemoteError) -> RemoteTensor {
    try await run(operation, [self])
  }

  private func combine(_ operation: Operation, _ other: RemoteTensor) async throws(RemoteError) -> RemoteTensor {
    try await run(operation, [self, other])
  }

  private func run(_ operation: Operation, _ operands: [RemoteTensor]) async throws(RemoteError) -> RemoteTensor {
    var graph = Graph()
    var inputs: [String: RemoteTensor] = [:]
    do throws(GraphError) {
      var nodes: [Int] = []
      for operand in operands {
        inputs[operand.id] = operand
        nodes.append(try graph.appendInput(operand.id, operand.shape))
      }
      try graph.setOutputs([try graph.append(operation, nodes)])
    } catch {
      throw .misuse("\(error)")
    }
    return try await worker.run(graph, inputs: inputs)[0]
  }
}

extension Tensor where Scalar == Float {
  /// Sends the tensor to a worker, and keeps a pointer to it.
  public func send(to worker: RemoteWorker) async throws(RemoteError) -> RemoteTensor { try await worker.send(self) }
}
