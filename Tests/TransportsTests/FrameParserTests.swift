import Testing
import Transports

@Suite struct FrameParserTests {
  /// The layout in the documentation of ``FrameParser``, written down a second time.
  private func frame(_ body: Message, _ number: UInt32) -> [UInt8] {
    [UInt32(body.count), number].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } } + body
  }

  private func parse(_ pieces: [ArraySlice<UInt8>], limit: Int = 1 << 20) throws(FrameFault) -> [Message] {
    var parser = FrameParser(limit: limit)
    var messages: [Message] = []
    for piece in pieces {
      let bytes = Array(piece)
      let result = bytes.withUnsafeBytes { pointer in
        Result { () throws(FrameFault) in try parser.consume(pointer, into: &messages) }
      }
      try result.get()
    }
    return messages
  }

  @Test(arguments: 0..<20)
  func framesSurviveAnyCutting(_ seed: UInt64) throws {
    var generator = SeededGenerator(state: seed)
    let bodies = (0..<30).map { _ in generator.bytes(Int(generator.next() % 400)) }
    let stream = bodies.enumerated().flatMap { frame($1, UInt32($0)) }
    var pieces: [ArraySlice<UInt8>] = []
    var rest = stream[...]
    while !rest.isEmpty {
      let count = Int(generator.next() % 100)
      pieces.append(rest.prefix(count))
      rest = rest.dropFirst(count)
    }
    #expect(try parse(pieces) == bodies)
  }

  @Test func headersAreAsDocumented() {
    let header = withUnsafeBytes(of: FrameParser.header(byteCount: 0x0102, number: 0x0304_0506)) { Array($0) }
    #expect(header == [2, 1, 0, 0, 6, 5, 4, 3])
  }

  @Test func aHugeLengthIsRefusedBeforeAnythingIsStored() {
    let stream: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]
    #expect(throws: FrameFault.oversized(byteCount: 0xFFFF_FFFF, limit: 100)) { try parse([stream[...]], limit: 100) }
  }

  @Test func doubledAndMissingFramesAreNoticed() {
    let stream = frame([1], 0) + frame([2], 0)
    #expect(throws: FrameFault.outOfStep(expected: 1, received: 0)) { try parse([stream[...]]) }
    #expect(throws: FrameFault.outOfStep(expected: 0, received: 5)) { try parse([frame([], 5)[...]]) }
  }

  @Test(arguments: 0..<50)
  func randomBytesEndInAFaultOrInWaiting(_ seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    let noise = generator.bytes(500)
    // The second word of noise is 0 with a probability of 2⁻³².
    #expect(throws: FrameFault.self) { try parse([noise[...]], limit: 1000) }
  }
}
