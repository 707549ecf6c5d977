import Testing
import Sharing
import Tensors
import Graphs
import TestSupport

func rnd(_ n: Int, _ bits: Int) -> RingTensor { RingTensor(shape: [n], scalars: (0..<n).map { _ in UInt64(bitPattern: Int64.random(in: -(1 << Int64(bits))..<(1 << Int64(bits)))) }) }

@Test(arguments: [1, 5, 64, 100, 1536, 5000])
func truncation(n: Int) async throws {
  for f in [1, 3, 16, 24, 32] {
    let x = rnd(n, 62)
    let r = try await evaluateReplicated([x]) { s, shares in try await s.truncate([Truncation(s.product(shares[0], by: 1), by: f)]) }
    for (a, b) in zip(x.scalars, r.values[0].scalars) {
      let d = Int64(bitPattern: b) - (Int64(bitPattern: a) >> Int64(f))
      #expect(d == 0 || d == 1)
    }
    let y = rnd(n, 30), z = rnd(n, 31)
    let q = try await evaluateReplicated([y, z]) { s, shares in
      let p = try await s.multiply([Multiplication(.elementwise([n]), shares[0], shares[1])])
      return try await s.truncate([Truncation(p[0], by: f)]) }
    for i in 0..<n {
      let d = Int64(bitPattern: q.values[0].scalars[i]) - (Int64(bitPattern: y.scalars[i] &* z.scalars[i]) >> Int64(f))
      #expect(d == 0 || d == 1)
    }
    if n == 5000 { print(f, r.traffic, q.traffic) }
  }
}

@Test(arguments: [1, 5, 64, 100, 1536, 5000])
func signs(n: Int) async throws {
  for b in [24, 32, 64] {
    let x = rnd(n, b - 1 == 63 ? 62 : b - 1)
    let r = try await evaluateReplicated([x]) { s, shares in
      let bits = try await s.negative(shares[0], width: b)
      return [try await s.convert(bits), try await s.multiply(s.not(bits), shares[0])] }
    for (i, a) in x.scalars.enumerated() {
      let v = Int64(bitPattern: a)
      #expect(r.values[0].scalars[i] == (v < 0 ? 1 : 0))
      #expect(Int64(bitPattern: r.values[1].scalars[i]) == max(v, 0))
    }
    if n == 5000 { print(b, r.traffic) }
  }
}
@Test func funcs() async throws {
  let xs: [Float] = (0..<2000).map { Float($0) / 25 - 40 }
  let x = try Tensor<Float>(shape: [2000], scalars: xs).encoded(fractionBits: 16)
  let r = try await evaluateReplicated([x.ring]) { s, sh in
    let a = FixedPointArithmetic(s, fractionBits: 16)
    let neg = a.scheme.subtract(s.constant(RingTensor(repeating: 0, shape: [2000])), sh[0])
    return try await a.sigmoid([sh[0]]) + a.exponential([s.add(s.scale(neg, by: 1), word: UInt64(bitPattern: -(31 << 16)))]) + a.reciprocal([sh[0]])
  }
  let d = r.values.map { FixedTensor(ring: $0, fractionBits: 16).decoded().scalars }
  var es: Float = 0, ee: Float = 0, er: Float = 0
  for i in 0..<2000 {
    es = max(es, abs(d[0][i] - 1 / (1 + _exp(-xs[i]))))
    let e = _exp(-xs[i] - 31)
    ee = max(ee, abs(d[1][i] - e) / max(1, e))
    if abs(xs[i]) > 0.01 { er = max(er, abs(d[2][i] - 1 / xs[i]) / (1 + abs(1/xs[i]))) }
  }
  print("sigmoid", es, "exp", ee, "recip", er, r.traffic)
}
import Foundation
func _exp(_ x: Float) -> Float { Foundation.exp(x) }
