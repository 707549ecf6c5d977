import CKernels
import Dispatch
import Foundation
import Privacy
import Synchronization

/// Normal noise in whole steps of a ``NoiseGrid``, drawn by a thread of its own while gradients are computed.
///
/// For a small network noise takes half as long as a step, and it depends on nothing: a second core hides it. Each
/// number is handed out once; others take its place, and the last ones are erased. It belongs to one thread at a time.
final class NoiseAhead {
  private let shelf: Shelf
  private var chunk = NoiseChunk(count: 0)
  private var place = 0

  /// - Parameter exact: the exact sampler, if it is to be used.
  init(exact: GaussianNoise?) {
    let shelf = Shelf(chunkCount: 1 << 14)
    self.shelf = shelf
    let thread = Thread {
      let stream = SecretStream()
      shelf.supply { chunk in
        if let exact { chunk.fill(exact.draws(chunk.numbers.count)) } else { Self.fill(chunk.numbers, stream) }
      }
    }
    thread.name = "noise"
    thread.start()
  }

  deinit { shelf.close() }

  /// Hands out the next `count` numbers, piece by piece, each with the places that it is for.
  func take(_ count: Int, _ body: (UnsafePointer<Int32>, Range<Int>) -> Void) {
    var done = 0
    while done < count {
      if place == chunk.numbers.count {
        chunk = shelf.exchange(chunk)
        place = 0
      }
      let numbers = chunk.numbers
      guard let base = UnsafePointer(numbers.baseAddress) else { return }
      let size = min(count - done, numbers.count - place)
      body(base + place, done..<done + size)
      // What comes next was written by another core: fetched by the time it is needed.
      let next = min(size, numbers.count - place - size)
      ck_prefetch(base + place + size, next * MemoryLayout<Int32>.size)
      (done, place) = (done + size, place + size)
    }
  }

  /// What a pass over the noise takes at a time, so that its words stay in the first cache.
  private static let pairsAPass = 1024

  private static func fill(_ numbers: UnsafeMutableBufferPointer<Int32>, _ stream: SecretStream) {
    guard let base = numbers.baseAddress else { return }
    for start in stride(from: 0, to: numbers.count, by: 2 * pairsAPass) {
      let pairs = min(pairsAPass, (numbers.count - start) / 2)
      stream.withWords(pairs + (pairs + 1) / 2) {
        ck_i32_normal(pairs, NoiseGrid.deviation, $0.baseAddress, base + start)
      }
    }
  }
}

/// Room for noise that is never copied, so that erasing it leaves nothing behind.
///
/// It is unchecked because the ``Shelf`` hands it from one thread to the other: one has it at a time.
private final class NoiseChunk: @unchecked Sendable {
  let numbers: UnsafeMutableBufferPointer<Int32>

  init(count: Int) {
    numbers = .allocate(capacity: count)
    numbers.initialize(repeating: 0)
  }

  deinit {
    ck_zero(numbers.baseAddress, numbers.count * MemoryLayout<Int32>.size)
    numbers.deallocate()
  }

  func fill(_ draws: [Int32]) { _ = numbers.update(fromContentsOf: draws) }
}

/// Some chunks between the thread that fills them and the one that uses them.
///
/// The filling thread naps while there is nothing to fill, and looks again: waking it would cost the other thread as much as a chunk's
/// noise.
private final class Shelf: Sendable {
  private struct State {
    var full: [NoiseChunk] = []
    var empty: [NoiseChunk] = []
    var isClosed = false
  }

  private static let chunks = 16

  private let state: Mutex<State>
  /// Counts full chunks.
  private let full = DispatchSemaphore(value: 0)
  private static let naps: ClosedRange<UInt32> = 100...2000

  init(chunkCount: Int) {
    state = Mutex(State(empty: (0..<Self.chunks).map { _ in NoiseChunk(count: chunkCount) }))
  }

  /// Fills chunks as they come back, until the shelf is closed.
  func supply(_ fill: (NoiseChunk) -> Void) {
    var nap = Self.naps.lowerBound
    while true {
      let (taken, isClosed) = state.withLock { ($0.isClosed ? nil : $0.empty.popLast(), $0.isClosed) }
      if isClosed { break }
      guard let chunk = taken else {
        usleep(nap)
        nap = min(2 * nap, Self.naps.upperBound)
        continue
      }
      nap = Self.naps.lowerBound
      fill(chunk)
      state.withLock { $0.full.append(chunk) }
      full.signal()
    }
  }

  /// Takes a chunk back, and gives a full one.
  func exchange(_ used: NoiseChunk) -> NoiseChunk {
    if used.numbers.count > 0 { state.withLock { $0.empty.append(used) } }
    full.wait()
    return state.withLock { $0.full.removeFirst() }
  }

  func close() { state.withLock { $0.isClosed = true } }
}
