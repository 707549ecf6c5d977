import Coordination
import Foundation
import NIOConcurrencyHelpers
import Testing

/// When rounds are committed, in which order, and what follows where one cannot be.
@Suite struct RoundCommitsTests {
  /// What an action has done, and what it is to do.
  private final class Book: Sendable {
    private let state = NIOLockedValueBox((rounds: [Int](), stopsAfter: Int.max, failsAt: Int.max))

    var rounds: [Int] { state.withLockedValue { $0.rounds } }

    init(stopsAfter: Int = .max, failsAt: Int = .max) {
      state.withLockedValue { $0 = ([], stopsAfter, failsAt) }
    }

    func commit(_ commit: RoundCommits.Commit) throws -> Bool {
      try state.withLockedValue { state in
        if commit.record.round == state.failsAt { throw Failure() }
        state.rounds.append(commit.record.round)
        return commit.record.round >= state.stopsAfter
      }
    }
  }

  private struct Failure: Error {}

  private static func commits(_ book: Book, _ durability: Durability = .kill, aside: Bool) -> RoundCommits {
    RoundCommits(durability, isAside: aside, isStopRequested: false) { try book.commit($0) }
  }

  private static func round(_ number: Int) -> RoundCommits.Commit {
    .init(
      record: RoundRecord(
        job: "job", round: number, attempt: number, cohort: [], contributors: [], metrics: RoundMetrics(), bytesSent: 0,
        seconds: 0), model: [], strategy: nil)
  }

  @Test func aRoundThatMustOutliveALossOfPowerIsCommittedAtOnce() async throws {
    for aside in [false, true] {
      let book = Book()
      let commits = Self.commits(book, .powerLoss, aside: aside)
      for number in 1...3 {
        try await commits.take(Self.round(number))
        #expect(book.rounds == Array(1...number))
      }
    }
  }

  @Test func anotherRoundWaitsUntilTheNextOnesWorkersAreAsked() async throws {
    let book = Book()
    let commits = Self.commits(book, aside: false)
    for number in 1...5 {
      commits.asked()
      #expect(book.rounds == Array(1..<number))
      commits.answered()
      try await commits.take(Self.round(number))
      #expect(book.rounds == Array(1..<number))
    }
    try await commits.settle()
    #expect(book.rounds == Array(1...5))
  }

  @Test func besideConnectionsRoundsKeepTheirOrder() async throws {
    let book = Book()
    let commits = Self.commits(book, aside: true)
    for number in 1...500 {
      commits.asked()
      commits.answered()
      commits.answered()
      try await commits.take(Self.round(number))
    }
    try await commits.settle()
    #expect(book.rounds == Array(1...500))
  }

  /// Asked workers compute on the cores that a commit would take.
  @Test func besideConnectionsARoundWaitsForAnAnswer() async throws {
    let book = Book()
    let commits = Self.commits(book, aside: true)
    try await commits.take(Self.round(1))
    commits.asked()
    #expect(book.rounds.isEmpty)
    commits.answered()
    for _ in 0..<3000 where book.rounds.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    #expect(book.rounds == [1])
  }

  /// A worker of the next round that does not answer delays no commit for long.
  @Test func besideConnectionsARoundIsCommittedWithoutAnAnswer() async throws {
    let book = Book()
    let commits = Self.commits(book, aside: true)
    try await commits.take(Self.round(1))
    for _ in 0..<3000 where book.rounds.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    #expect(book.rounds == [1])
  }

  /// A state that somebody else has locked holds the rounds up after a few.
  @Test func besideConnectionsFewRoundsWaitForASlowCommit() async throws {
    let book = Book()
    let isOpen = NIOLockedValueBox(false)
    let commits = RoundCommits(.kill, isAside: true, isStopRequested: false) { commit in
      // It holds one of the threads that tests share, so not for ever.
      for _ in 0..<10_000 where !isOpen.withLockedValue({ $0 }) { usleep(1000) }
      return try book.commit(commit)
    }
    let taken = NIOLockedValueBox(0)
    let rounds = Task {
      for number in 1...20 {
        commits.answered()
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
          commits.answered()
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
}
