import Foundation
import Links
import Testing
import Transports

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Times on the loopback; run with `LINK_BENCHMARK=1`, and read what is printed.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["LINK_BENCHMARK"] != nil), .serialized)
struct LinkBenchmark {
  /// What this process has used.
  private static var usage: (processorSeconds: Double, peakMegabytes: Int) {
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
    #else
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    #endif
    let parts = [usage.ru_utime, usage.ru_stime].map { Double($0.tv_sec) + Double($0.tv_usec) / 1e6 }
    return (parts.reduce(0, +), Int(usage.ru_maxrss) / 1024)
  }

  private static var processorSeconds: Double { usage.processorSeconds }

  static var peakMegabytes: Int { usage.peakMegabytes }

  @Test(arguments: Medium.allCases)
  func tenMillionFloatsToThreeWorkersAndBack(_ medium: Medium) async throws {
    try await withLinks(over: medium, count: 3) { pairs in
      let model = LinkMessage(header: [1], body: .floats([Float](repeating: 0.5, count: 10_000_000)))
      for _ in 0..<5 {
        let (begin, used) = (ContinuousClock.now, LinkBenchmark.processorSeconds)
        try await withThrowingTaskGroup(of: Void.self) { group in
          for pair in pairs {
            group.addTask {
              try await pair.coordinator.send(model)
              _ = try await pair.coordinator.receive(within: patience)
            }
            group.addTask { try await pair.worker.send(try await pair.worker.receive(within: patience)) }
          }
          try await group.waitForAll()
        }
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        let processor = LinkBenchmark.processorSeconds - used
        let peak = LinkBenchmark.peakMegabytes
        print("\(medium): 3 x 40 MB down and up \(seconds) s, processor \(processor) s, peak \(peak) MB")
      }
    }
  }

  /// Run by itself: the peak is that of the whole process, and both ends are in it.
  @Test func memoryOfFourHundredMegabytes() async throws {
    try await withLink(over: .webSocket) { coordinator, worker in
      let before = LinkBenchmark.peakMegabytes
      let model = LinkMessage(header: [1], body: .floats([Float](repeating: 0.5, count: 100_000_000)))
      async let sending: Void = coordinator.send(model)
      let received = try await worker.receive(within: patience)
      try await sending
      print("400 MB: peak \(before) MB before, \(LinkBenchmark.peakMegabytes) MB after, both ends together")
      #expect(received.body.byteCount == 400_000_000)
    }
  }

  @Test(arguments: Medium.allCases)
  func smallRoundTrips(_ medium: Medium) async throws {
    try await withLink(over: medium) { coordinator, worker in
      let message = LinkMessage(header: [1], body: .bytes([UInt8](repeating: 1, count: 16 << 10)))
      let count = 2000
      async let answering: Void = {
        for _ in 0..<count { try await worker.send(try await worker.receive(within: patience)) }
      }()
      var times: [Duration] = []
      let used = LinkBenchmark.processorSeconds
      for _ in 0..<count {
        let begin = ContinuousClock.now
        try await coordinator.send(message)
        _ = try await coordinator.receive(within: patience)
        times.append(ContinuousClock.now - begin)
      }
      try await answering
      let processor = LinkBenchmark.processorSeconds - used
      let each = processor / Double(count) * 1e6
      print("\(medium): 16 KiB there and back, median \(times.sorted()[count / 2]), processor \(each) µs")
    }
  }
}
