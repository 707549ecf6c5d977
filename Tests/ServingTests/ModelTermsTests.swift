import Foundation
import Graphs
import Serving
import Tensors
import TestSupport
import Testing

@Suite struct ModelTermsTests {
  private let alice = CallerID(fingerprint: String(repeating: "a", count: 64), name: "alice")
  private let bob = CallerID(fingerprint: String(repeating: "b", count: 64), name: "bob")
  private let now = Date(timeIntervalSince1970: 1_800_000_000)

  private func refuses(_ body: () throws -> Void) -> Bool {
    do {
      try body()
      return false
    } catch let error as ServingError { return error.exitCode == 4 } catch { return false }
  }

  @Test func countsAreHeldThenCountedOrLetGo() throws {
    var account = ModelAccount(ModelTerms(requests: 5, requestsPerClient: 3))
    try account.check(alice, model: "m", batch: 3, at: now)
    account.hold(alice, batch: 2)
    #expect(account.left(for: alice.fingerprint) == 1 && account.left(for: bob.fingerprint) == 3)
    #expect(refuses { try account.check(alice, model: "m", batch: 2, at: now) })
    account.release(alice, batch: 2)
    account.hold(alice, batch: 3)
    account.count(alice, batch: 3)
    #expect(account.total == 3 && account.left(for: bob.fingerprint) == 2)
    #expect(refuses { try account.check(bob, model: "m", batch: 3, at: now) })
    // Another party knows of more, and of less: the larger count is right.
    #expect(account.raise(to: [alice.fingerprint: 1, bob.fingerprint: 2]) == [bob.fingerprint])
    #expect(account.total == 5 && account.left(for: bob.fingerprint) == 0)
    #expect(refuses { try account.check(bob, model: "m", batch: 1, at: now) })
  }

  @Test func ratesListsAndExpiryAreHeld() throws {
    var account = ModelAccount(
      ModelTerms(
        clients: [alice.fingerprint], rate: try .init(parsing: "4/s"), expires: now.addingTimeInterval(10)))
    #expect(refuses { try account.admit(bob, model: "m", batch: 1, at: now) })
    for _ in 0..<4 { try account.admit(alice, model: "m", batch: 1, at: now) }
    #expect(refuses { try account.admit(alice, model: "m", batch: 1, at: now) })
    // A quarter of a second later there is one more; a clock that is set back gives none.
    #expect(refuses { try account.admit(alice, model: "m", batch: 1, at: now.addingTimeInterval(-5)) })
    try account.admit(alice, model: "m", batch: 1, at: now.addingTimeInterval(0.26))
    #expect(refuses { try account.admit(alice, model: "m", batch: 5, at: now.addingTimeInterval(9)) })
    #expect(refuses { try account.admit(alice, model: "m", batch: 1, at: now.addingTimeInterval(10)) })
  }

  @Test func termsAreRead() throws {
    #expect(try ModelTerms.Rate(parsing: "100/min") == .init(count: 100, seconds: 60))
    for text in ["5", "0/s", "-1/s", "5/y", "5/s/s", ""] {
      #expect(throws: ServingError.self) { try ModelTerms.Rate(parsing: text) }
    }
    #expect(try ExpiryDate.parse("90min", now: now) == now.addingTimeInterval(5400))
    #expect(try ExpiryDate.parse("2030-01-01", now: now) == Date(timeIntervalSince1970: 1_893_456_000))
    for text in ["2020-01-01", "soon", "0d", "10", "30x"] {
      #expect(throws: ServingError.self) { try ExpiryDate.parse(text, now: now) }
    }
    for terms in [
      ModelTerms(clients: []), ModelTerms(clients: ["A"]), ModelTerms(requests: 0), ModelTerms(requestsPerClient: -1),
      ModelTerms(rate: .init(count: 1, seconds: .infinity)),
    ] { #expect(throws: ServingError.self) { try terms.validate() } }
  }

  /// Oracle: what each program does.
  @Test func programsThatMixExamplesAreFound() {
    func apart(_ body: (GraphBuilder, Symbol) -> Symbol) -> Bool {
      let builder = GraphBuilder()
      return builder.build([body(builder, builder.input("x", [1, 4]))]).keepsExamplesApart(input: "x")
    }
    #expect(SmallModels.perceptron(sigmoid: true).graph.keepsExamplesApart(input: "x"))
    #expect(SmallModels.convolution().graph.keepsExamplesApart(input: "x"))
    #expect(apart { _, x in x.softmax() })
    #expect(apart { builder, x in x * builder.input("w", [1, 4]) })
    #expect(!apart { _, x in x - x.sum(axes: [0]) })
    #expect(!apart { _, x in x.matmul(x, transposeLeft: true) })
    #expect(!apart { builder, _ in builder.input("w", [1, 4]).relu() })
  }
}
