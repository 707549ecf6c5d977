import Graphs
import RemoteTensors
import Tensors
import Testing

/// What a client who wants Alice's rows can try: she holds `x` [20, 3], `y` [20, 3] and `few` [4, 3], and lets out at
/// most four sums over ten rows or more. Bob colludes with the client, Carol has Alice's trust.
struct Scene {
  let house: House
  let alice: RemoteWorker
  let bob: RemoteWorker
  let carol: RemoteWorker
  let x: RemoteTensor

  /// Runs a program on `x` and on ones of the same shape, and gets its result.
  func get(_ program: (_ x: Symbol, _ builder: GraphBuilder) -> Symbol) async throws {
    let builder = GraphBuilder()
    let graph = builder.build([program(builder.input("x", [20, 3]), builder)])
    _ = try await alice.run(graph, inputs: ["x": x])[0].get()
  }

  /// Runs a program on `x` and another tensor, and gets its result.
  func get(with other: RemoteTensor, _ program: (_ x: Symbol, _ other: Symbol) -> Symbol) async throws {
    let builder = GraphBuilder()
    let graph = builder.build([program(builder.input("x", [20, 3]), builder.input("other", other.shape))])
    _ = try await alice.run(graph, inputs: ["x": x, "other": other])[0].get()
  }
}

/// A program that would tell a row, or a bit of one.
struct Exfiltration: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let run: @Sendable (Scene) async throws -> Void

  init(_ name: String, _ run: @escaping @Sendable (Scene) async throws -> Void) {
    testDescription = name
    self.run = run
  }
}

private func ones(_ shape: Shape) -> Tensor<Float> { Tensor(repeating: 1, shape: shape) }

extension Exfiltration {
  /// Selections and rearrangements.
  static let selections = [
    Exfiltration("the tensor itself") { _ = try await $0.x.get() },
    Exfiltration("identity in a program") { try await $0.get { x, _ in x } },
    Exfiltration("one row by a product") { scene in
      var selector = [Float](repeating: 0, count: 20)
      selector[7] = 1
      let row = try await Tensor<Float>(shape: [1, 20], scalars: selector).send(to: scene.alice)
      _ = try await row.matmul(scene.x).get()
    },
    Exfiltration("all rows by a product with ones") { scene in
      _ = try await ones([1, 20]).send(to: scene.alice).matmul(scene.x).get()
    },
    Exfiltration("a slice") { try await $0.get { x, _ in x.sliced(axis: 0, 3..<4) } },
    Exfiltration("gathered rows") { try await $0.get { x, _ in x.gathered(axis: 0, [5]) } },
    Exfiltration("one row, repeated and summed") { scene in
      try await scene.get { x, _ in x.gathered(axis: 0, [Int](repeating: 5, count: 20)).sum(axes: [0]) }
    },
    Exfiltration("one row, broadcast and averaged") { scene in
      try await scene.get { x, _ in x.sliced(axis: 0, 3..<4).broadcast(to: [20, 3]).mean(axes: [0]) }
    },
    Exfiltration("scattered rows, summed") { scene in
      try await scene.get { x, _ in x.scattered(axis: 0, [Int](0..<20), extent: 40).sum(axes: [0]) }
    },
    Exfiltration("a mask of 0 and 1, then the sum") { scene in
      let mask = Tensor<Float>(shape: [20, 1], scalars: [1] + [Float](repeating: 0, count: 19))
      try await scene.get(with: try await mask.send(to: scene.alice)) { ($0 * $1).sum(axes: [0]) }
    },
    Exfiltration("a selection by a condition") { scene in
      let mask = Tensor<Float>(shape: [20, 1], scalars: [1] + [Float](repeating: 0, count: 19))
      try await scene.get(with: try await mask.send(to: scene.alice)) { $1.select($0, $0 * 0).sum(axes: [0]) }
    },
    Exfiltration("the difference of all rows and all but one") { scene in
      try await scene.get { x, _ in x.sum(axes: [0]) - x.sliced(axis: 0, 0..<19).sum(axes: [0]) }
    },
    Exfiltration("the sum of all rows but one") { scene in
      try await scene.get { x, _ in x.sliced(axis: 0, 0..<19).sum(axes: [0]) }
    },
    Exfiltration("padding, then the sum") { scene in
      try await scene.get { x, _ in x.padded(axis: 0, before: 1, after: 0).sum(axes: [0]) }
    },
    Exfiltration("public rows beside own ones, then the mean") { scene in
      try await scene.get(with: try await ones([1, 3]).send(to: scene.alice)) {
        Symbol.concatenated([$0, $1], axis: 0).mean(axes: [0])
      }
    },
    Exfiltration("a sum over columns") { _ = try await $0.x.sum(axes: [1]).get() },
    Exfiltration("a sum over no axis") { _ = try await $0.x.sum(axes: []).get() },
    Exfiltration("transposed, then summed over the first axis") { scene in
      try await scene.get { x, _ in x.transposed([1, 0]).sum(axes: [0]) }
    },
    Exfiltration("reshaped to one row, then summed") { scene in
      try await scene.get { x, _ in x.reshaped(to: [1, 60]).sum(axes: [0]) }
    },
    Exfiltration("pooled") { scene in
      try await scene.get { x, _ in x.reshaped(to: [1, 1, 20, 3]).averagePool2d(Pooling(window: 1)) }
    },
    Exfiltration("convolved with a kernel of one") { scene in
      try await scene.get(with: try await ones([1, 1, 1, 1]).send(to: scene.alice)) {
        $0.reshaped(to: [1, 1, 20, 3]).conv2d($1)
      }
    },
  ]

  /// Bits and extreme values.
  static let functions = [
    Exfiltration("the maximum of each column") { try await $0.get { x, _ in x.max(axis: 0) } },
    Exfiltration("the row of the maximum") { try await $0.get { x, _ in x.argmax(axis: 0) } },
    Exfiltration("how many exceed a threshold") { scene in
      try await scene.get { x, builder in x.compared(.greater, to: builder.constant(1.5)).sum(axes: [0]) }
    },
    Exfiltration("the excess over a threshold") { try await $0.get { x, _ in (x + -1.5).relu().sum(axes: [0]) } },
    Exfiltration("a sum that the largest value dominates") { try await $0.get { x, _ in x.power(16).sum(axes: [0]) } },
    Exfiltration("the soft maximum") { scene in
      try await scene.get { x, _ in (x * 1000).exp().sum(axes: [0]).log() * 0.001 }
    },
    Exfiltration("softmax weights") { try await $0.get { x, _ in (x * 1000).softmax().sum(axes: [0]) } },
    Exfiltration("an overflow before the sum") { try await $0.get { x, _ in (x * 1e38).sum(axes: [0]) } },
    Exfiltration("rounding before the sum") { try await $0.get { x, _ in (x + 0x1p24).sum(axes: [0]) } },
    Exfiltration("a sum of multiples") { try await $0.get { x, _ in (x * 2).sum(axes: [0]) } },
    Exfiltration("scaled and shifted") { try await $0.get { x, _ in x * 0.5 + 3 } },
    Exfiltration("an own tensor divided by itself plus a client's") { scene in
      try await scene.get(with: try await ones([20, 3]).send(to: scene.alice)) { $0 / ($0 + $1) }
    },
    Exfiltration("multiplied by nought") { try await $0.get { x, _ in x * 0 } },
    Exfiltration("the fourth power, by squares of squares") { scene in
      try await scene.get { x, _ in ((x * x) * (x * x)).sum(axes: [0]) }
    },
    Exfiltration("a sum of products of two own tensors") { scene in
      let y = try await scene.alice.tensor(named: "y")
      try await scene.get(with: y) { ($0 * $1).sum(axes: [0]) }
    },
    Exfiltration("a client's tensor plus an own one") { scene in
      _ = try await (ones([20, 3]).send(to: scene.alice) + scene.x).get()
    },
    Exfiltration("a statistic beside a row") { scene in
      try await scene.get { x, _ in x.mean(axes: [0]) - x.sliced(axis: 0, 0..<1) }
    },
    Exfiltration("step by step on pointers") { scene in
      let mask = try await Tensor<Float>(shape: [20, 1], scalars: [1] + [Float](repeating: 0, count: 19)).send(
        to: scene.alice)
      _ = try await (scene.x * mask).sum(axes: [0]).get()
    },
  ]

  /// Rules, other workers and other clients.
  static let detours = [
    Exfiltration("a sum over few rows") { _ = try await $0.alice.tensor(named: "few").sum(axes: [0]).get() },
    Exfiltration("more statistics than the owner lets out") { scene in
      let y = try await scene.alice.tensor(named: "y")
      for tensor in [scene.x, y] {
        for axes in [[0], [0, 1]] { _ = try await tensor.sum(axes: axes).get() }
      }
      _ = try await (y * y).sum(axes: [0]).get()
    },
    Exfiltration("many statistics in one value") { scene in
      let y = try await scene.alice.tensor(named: "y")
      try await scene.get(with: y) {
        $0.sum(axes: [0]) + $1.sum(axes: [0]) + ($0 * $0).sum(axes: [0]) + ($1 * $1).sum(axes: [0])
          + $0.sum(axes: [0, 1])
      }
    },
    Exfiltration("the same people without the last one") { scene in
      _ = try await scene.x.sum(axes: [0]).get()
      _ = try await scene.alice.tensor(named: "leaver").sum(axes: [0]).get()
    },
    Exfiltration("rows that were replaced after a release") { scene in
      _ = try await scene.x.sum(axes: [0]).get()
      let store = scene.house.store(.alice)
      await store.remove(named: "x")
      try await store.add(Tensor(repeating: 2, shape: [20, 3]), named: "x")
      _ = try await scene.alice.tensor(named: "x").sum(axes: [0]).get()
    },
    Exfiltration("moved to a colluding worker") { _ = try await $0.x.move(to: $0.bob).get() },
    Exfiltration("made from own rows and moved to a colluding worker") { scene in
      _ = try await (scene.x + scene.x).move(to: scene.bob).get()
    },
    Exfiltration("moved to a trusted worker, and got there") { _ = try await $0.x.move(to: $0.carol).get() },
    Exfiltration("moved to a trusted worker, summed and got there") { scene in
      _ = try await scene.x.move(to: scene.carol).sum(axes: [0]).get()
    },
    Exfiltration("moved to a trusted worker, and on to a colluding one") { scene in
      _ = try await scene.x.move(to: scene.carol).move(to: scene.bob).get()
    },
    Exfiltration("moved to a trusted worker, and shared there") { scene in
      _ = try await scene.x.move(to: scene.carol).share(among: [scene.carol, scene.bob])
    },
    Exfiltration("shared with a worker whom the owner has not named") { scene in
      _ = try await scene.x.share(among: [scene.alice, scene.bob, scene.carol])
    },
    Exfiltration("shared, and opened") { scene in
      _ = try await scene.x.share(among: [scene.alice, scene.carol]).get()
    },
    Exfiltration("shared, masked by a client's shares, and opened") { scene in
      let holders = [scene.alice, scene.carol]
      let own = try await ones([20, 3]).send(to: scene.alice).share(among: holders)
      _ = try await (scene.x.share(among: holders) - own).get()
    },
    Exfiltration("shared twice, and the difference opened") { scene in
      let holders = [scene.carol, scene.alice]
      let shares = (try await scene.x.share(among: holders), try await scene.x.share(among: holders))
      _ = try await (shares.0.scaled(by: 2) - shares.1).get()
    },
    Exfiltration("a few rows' sum, shared and opened") { scene in
      let sum = try await scene.alice.tensor(named: "few").sum(axes: [0])
      _ = try await sum.share(among: [scene.alice, scene.carol]).get()
    },
  ]

  static let all = selections + functions + detours
}
