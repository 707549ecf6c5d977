import Coordination
import Foundation
import NIOConcurrencyHelpers
import Testing

/// When rounds are committed, in which order, and what follows where one cannot be.
@Suite struct RoundCommitsTests {
  /// What an action has done, and what it is to do.
  private final class Book: Sendable {
    private let state = NIOLockedValueBox((commits: [[Int]](), stopsAfter: Int.max, failsAt: Int.max))

    var commits: [[Int]] { state.withLockedValue { $0.commits } }
    var rounds: [Int] { commits.flatMap { $0 } }

    init(stopsAfter: Int = .max, failsAt: Int = .max) {
      state.withLockedValue { $0 = ([], stopsAfter, failsAt) }
    }

    func commit(_ rounds: [CompletedRound]) throws -> Bool {
      let numbers = rounds.map(\.record.round)
      return try state.withLockedValue { state in
        if numbers.contains(state.failsAt) { throw Failure() }
        state.commits.append(numbers)
        return numbers.contains { $0 >= state.stopsAfter }
      }
    }
  }

  private struct Failure: Error {}

  private static func commits(
    _ book: Book, _ durability: Durability = .kill, aside: Bool, gathering: Duration = .zero
  ) -> RoundCommits {
    RoundCommits(durability, isAside: aside, gathering: gathering, isStopRequested: false) { try book.commit($0) }
  }

  private static func round(_ number: Int) -> CompletedRound {
    CompletedRound(
      record: RoundRecord(
        job: "job", round: number, attempt: number, cohort: [], contributors: [], metrics: RoundMetrics(), bytesSent: 0,
        seconds: 0), model: [], strategy: nil)
  }

  @Test func aRoundThatMustOutliveALossOfPowerIsCommittedAtOnce() async throws {
    for aside in [false, true] {
      let book = Book()
      let commits = Self.commits(book, .powerLoss, aside: aside, gathering: .seconds(3600))
      for number in 1...3 {
        try await commits.take(Self.round(number))
        #expect(book.commits == (1...number).map { [$0] })
      }
    }
  }

  @Test func anotherRoundWaitsUntilTheNextOnesWorkersAreAsked() async throws {
    let book = Book()
    let commits = Self.commits(book, aside: false)
    for number in 1...5 {
      commits.asked()
      #expect(book.rounds == Array(1..<number))
      try await commits.take(Self.round(number))
      #expect(book.rounds == Array(1..<number))
    }
    try await commits.settle()
    #expect(book.commits == (1...5).map { [$0] })
  }

  @Test func besideConnectionsRoundsKeepTheirOrder() async throws {
    let book = Book()
    let commits = Self.commits(book, aside: true)
    for number in 1...500 {
      commits.asked()
      try await commits.take(Self.round(number))
    }
    try await commits.settle()
    #expect(book.rounds == Array(1...500))
  }

  @Test func besideConnectionsRoundsOfAMomentAreCommittedTogether() async throws {
    let book = Book()
    let commits = Self.commits(book, aside: true, gathering: .seconds(3600))
    for number in 1...10 {
      commits.asked()
      try await commits.take(Self.round(number))
    }
    #expect(book.commits.isEmpty)
    try await commits.settle()
    try await commits.settle()
    #expect(book.commits == [Array(1...10)])
  }

  /// A worker of the next round that does not answer delays no commit for long.
  @Test func besideConnectionsTheLastRoundDoesNotWaitForTheNextOne() async throws {
    let book = Book()
    let commits = Self.commits(book, aside: true, gathering: .milliseconds(20))
    try await commits.take(Self.round(1))
    for _ in 0..<3000 where book.rounds.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    #expect(book.rounds == [1])
  }

  /// A state that somebody else has locked holds the rounds up after a few.
  @Test func besideConnectionsFewRoundsWaitForASlowCommit() async throws {
    let book = Book()
    let isOpen = NIOLockedValueBox(false)
    let commits = RoundCommits(.kill, isAside: true, gathering: .zero, isStopRequested: false) { rounds in
      // It holds one of the threads that tests share, so not for ever.
      for _ in 0..<10_000 where !isOpen.withLockedValue({ $0 }) { usleep(1000) }
      return try book.commit(rounds)
    }
    let taken = NIOLockedValueBox(0)
    let rounds = Task {
      for number in 1...20 {
        try await commits.take(Self.round(number))
        taken.withLockedValue { $0 += 1 }
      }
      try await commits.settle()
    }
    for _ in 0..<3000 where taken.withLockedValue({ $0 }) < 2 { try await Task.sleep(for: .milliseconds(10)) }
    try await Task.sleep(for: .milliseconds(100))
    #expect(taken.withLockedValue { $0 } == 2)
    isOpen.withLockedValue { $0 = true }
    try await rounds.value
    #expect(book.rounds == Array(1...20))
  }

  @Test func nothingIsCommittedAfterARoundThatCouldNotBe() async throws {
    for aside in [false, true] {
      let book = Book(failsAt: 3)
      let commits = Self.commits(book, aside: aside)
      await #expect(throws: Failure.self) {
        for number in 1...10 {
          commits.asked()
          try await commits.take(Self.round(number))
          try await commits.settle()
        }
      }
      await #expect(throws: Failure.self) { try await commits.settle() }
      #expect(throws: Failure.self) { try commits.mustStop() }
      #expect(book.rounds == [1, 2])
    }
  }

  @Test func tellsWhetherTheJobIsToStop() async throws {
    for aside in [false, true] {
      let commits = Self.commits(Book(stopsAfter: 2), aside: aside)
      for number in 1...3 {
        try await commits.take(Self.round(number))
        try await commits.settle()
        #expect(try commits.mustStop() == (number >= 2))
      }
    }
    #expect(try RoundCommits(.kill, isAside: true, isStopRequested: true) { _ in false }.mustStop())
  }

  /// However rounds are put together, the state has all of them, and models of the last two.
  @Test(arguments: [1 << 20, 0])
  func theStateKeepsModelsOfTheLastTwoRounds(largestRow: Int) throws {
    let path = try Federations.database().path
    let database = try RunDatabase(path: path, largestRow: largestRow, waitInterval: .seconds(1))
    let job = """
      {"id": "job", "text": "", "seed": 1, "submitter": "owner", "created": 0, "status": "running", "stopRequested": false, \
      "workers": []}
      """
    try database.add(try JSONDecoder().decode(JobRecord.self, from: Data(job.utf8)))
    var last = 0
    for count in [1, 1, 3, 2, 1, 5, 1] {
      let rounds = (last + 1...last + count).map {
        CompletedRound(record: Self.round($0).record, model: [Float($0), -1], strategy: Data([UInt8($0)]))
      }
      #expect(try !database.commit(rounds, outliving: .kill))
      last += count
      #expect(try database.rounds(of: "job").map(\.round) == Array(1...last))
      let kept = try #require(try database.lastRound(of: "job"))
      #expect(kept.round == last && kept.model == [Float(last), -1] && kept.strategy == Data([UInt8(last)]))
      let files = try? FileManager.default.contentsOfDirectory(atPath: path + ".models")
      #expect((files?.count ?? 0) == (largestRow == 0 ? min(2, last) : 0))
    }
  }
}
