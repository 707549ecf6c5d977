import Coordination
import NIOConcurrencyHelpers
import Testing

/// News that are handed over together.
@Suite struct BatchesTests {
  @Test func handsOverInOrderWhatHasComeSinceTheLastLook() async {
    let batches = Batches<Int>(limit: 100) {}
    batches.add(1)
    batches.add(2)
    #expect(await batches.next() == [1, 2])
    batches.add(3)
    #expect(await batches.next() == [3])
  }

  @Test func losesNothingBetweenThreads() async {
    let batches = Batches<Int>(limit: 100_000) {}
    let adding = Task { for number in 0..<20_000 { batches.add(number) } }
    var seen: [Int] = []
    while seen.count < 20_000 { seen += await batches.next() }
    await adding.value
    #expect(seen == Array(0..<20_000))
  }

  @Test func dropsTheOlderHalfBeyondItsLimit() async {
    let batches = Batches<Int>(limit: 4) {}
    for number in 0..<4 { batches.add(number) }
    #expect(await batches.next() == [0, 1, 2, 3])
    for number in 0..<6 { batches.add(number) }
    #expect(await batches.next() == [3, 4, 5])
  }

  @Test func givesNothingToATaskThatIsCancelled() async {
    let batches = Batches<Int>(limit: 3) {}
    let waiting = Task { await batches.next() }
    waiting.cancel()
    #expect(await waiting.value.isEmpty)
  }

  @Test func saysWhenNobodyLooksAnyMore() {
    let ends = NIOLockedValueBox(0)
    var batches: Batches<Int>? = Batches(limit: 3) { ends.withLockedValue { $0 += 1 } }
    batches?.add(1)
    #expect(ends.withLockedValue { $0 } == 0)
    batches = nil
    #expect(ends.withLockedValue { $0 } == 1)
  }
}
