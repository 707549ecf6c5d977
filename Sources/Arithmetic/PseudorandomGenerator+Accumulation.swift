import CKernels

extension PseudorandomGenerator {
  /// Adds the stream from the given counter on to the words, wrapping, or subtracts it: a mask without an array for it.
  ///
  /// The words are the stream's bytes four at a time, little-endian.
  public func accumulate(
    into words: UnsafeMutableBufferPointer<UInt32>, negated: Bool = false, counterHigh: UInt64 = 0,
    counterLow: UInt64 = 0
  ) {
    stream.accumulate(into: words, negated: negated, counterHigh: counterHigh, counterLow: counterLow)
  }

  /// The same for words of eight bytes.
  public func accumulate(
    into words: UnsafeMutableBufferPointer<UInt64>, negated: Bool = false, counterHigh: UInt64 = 0,
    counterLow: UInt64 = 0
  ) {
    stream.accumulate(into: words, negated: negated, counterHigh: counterHigh, counterLow: counterLow)
  }
}

extension InstructionKeyStream {
  func accumulate(
    into words: UnsafeMutableBufferPointer<UInt32>, negated: Bool, counterHigh: UInt64, counterLow: UInt64
  ) {
    ck_aes128_ctr_accumulate32(schedule, counterHigh, counterLow, negated, words.baseAddress, words.count)
  }

  func accumulate(
    into words: UnsafeMutableBufferPointer<UInt64>, negated: Bool, counterHigh: UInt64, counterLow: UInt64
  ) {
    ck_aes128_ctr_accumulate64(schedule, counterHigh, counterLow, negated, words.baseAddress, words.count)
  }
}

extension LibraryKeyStream {
  private static var wordsPerPiece: Int { 8192 }

  func accumulate(
    into words: UnsafeMutableBufferPointer<UInt32>, negated: Bool, counterHigh: UInt64, counterLow: UInt64
  ) {
    inPieces(of: (words.count + 1) / 2, counterHigh: counterHigh, counterLow: counterLow) { start, piece in
      for index in 2 * start..<min(2 * (start + piece.count), words.count) {
        let word = UInt32(truncatingIfNeeded: piece[index / 2 - start] >> (index % 2 == 0 ? 0 : 32))
        words[index] = negated ? words[index] &- word : words[index] &+ word
      }
    }
  }

  func accumulate(
    into words: UnsafeMutableBufferPointer<UInt64>, negated: Bool, counterHigh: UInt64, counterLow: UInt64
  ) {
    inPieces(of: words.count, counterHigh: counterHigh, counterLow: counterLow) { start, piece in
      for index in piece.indices {
        words[start + index] = negated ? words[start + index] &- piece[index] : words[start + index] &+ piece[index]
      }
    }
  }

  /// Hands over the stream's first `count` words in pieces, each with its place, and erases them.
  private func inPieces(
    of count: Int, counterHigh: UInt64, counterLow: UInt64, use: (Int, UnsafeMutableBufferPointer<UInt64>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: min(Self.wordsPerPiece, count)) { room in
      room.initialize(repeating: 0)
      for start in stride(from: 0, to: count, by: Self.wordsPerPiece) {
        let piece = UnsafeMutableBufferPointer(rebasing: room[..<min(Self.wordsPerPiece, count - start)])
        fill(piece, counterHigh: counterHigh, counterLow: counterLow &+ UInt64(start / 2))
        use(start, piece)
      }
      ck_zero(room.baseAddress, room.count * 8)
    }
  }
}
