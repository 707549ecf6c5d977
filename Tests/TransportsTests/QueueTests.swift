import Testing
import Transports

@Suite struct QueueTests {
  @Test(arguments: 0..<10)
  func behavesLikeAnArray(_ seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    var queue = Queue<Int>()
    var model: [Int] = []
    for step in 0..<2000 {
      switch generator.next() % 8 {
      case 0...3:
        queue.append(step)
        model.append(step)
      case 4, 5: #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
      case 6:
        queue.prepend(step)
        model.insert(step, at: 0)
      default:
        let expected = model.firstIndex { $0 % 7 == 0 }.map { model.remove(at: $0) }
        #expect(queue.removeFirst { $0 % 7 == 0 } == expected)
      }
      #expect(queue.first == model.first)
      #expect(queue.count == model.count)
    }
    #expect(queue.contents == model)
  }
}
