/// Cuts `0 ..< count` into `threads` runs of about equal length, works on them in as many tasks, and joins what they
/// give in order; with one thread no task is made. The result does not depend on `threads`.
func inRuns<Element: Sendable>(
  _ count: Int, threads: Int, _ work: @escaping @Sendable (Range<Int>) throws -> [Element]
) async throws -> [Element] {
  let runs = max(1, min(threads, count))
  guard runs > 1 else { return try work(0..<count) }
  return try await withThrowingTaskGroup(of: (Int, [Element]).self) { group in
    for run in 0..<runs {
      group.addTask { (run, try work(count * run / runs..<count * (run + 1) / runs)) }
    }
    var parts = [[Element]](repeating: [], count: runs)
    for try await (run, part) in group { parts[run] = part }
    return Array(parts.joined())
  }
}
