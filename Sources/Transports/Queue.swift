/// A first-in, first-out queue whose storage is reused; both ends in constant time.
package struct Queue<Element> {
  private var elements: [Element?] = []
  private var head = 0

  package init() {}

  package var isEmpty: Bool { head == elements.count }
  package var count: Int { elements.count - head }
  package var first: Element? { isEmpty ? nil : elements[head] }

  package mutating func append(_ element: Element) { elements.append(element) }

  /// Puts an element back in front.
  package mutating func prepend(_ element: Element) {
    if head > 0 {
      head -= 1
      elements[head] = element
    } else {
      elements.insert(element, at: 0)
    }
  }

  package mutating func popFirst() -> Element? {
    guard head < elements.count else { return nil }
    let element = elements[head]
    elements[head] = nil
    head += 1
    if head == elements.count {
      elements.removeAll(keepingCapacity: elements.capacity <= 64)
      head = 0
    } else if head >= 32, head * 2 >= elements.count {
      elements.removeSubrange(0..<head)
      head = 0
    }
    return element
  }

  /// Takes out the first element that satisfies `predicate`.
  package mutating func removeFirst(where predicate: (Element) -> Bool) -> Element? {
    for index in head..<elements.count {
      if let element = elements[index], predicate(element) {
        elements.remove(at: index)
        return element
      }
    }
    return nil
  }

  package mutating func removeAll() {
    elements.removeAll()
    head = 0
  }

  /// The elements, first to last.
  package var contents: [Element] { elements[head...].compactMap { $0 } }
}

extension Queue: Sendable where Element: Sendable {}
