import Arithmetic
import Foundation
import Paillier

/// Measures sums of encrypted updates on one core, end to end: encrypt all, add, decrypt. Prints one JSON line.
///
///   PaillierBenchmark single|threshold [keyBits [valueCount [updateCount [valueBits]]]]
@main
struct PaillierBenchmark {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    let mode = arguments.first ?? "single"
    let numbers = arguments.dropFirst().compactMap { Int($0) }
    func number(_ index: Int, _ usual: Int) -> Int { index < numbers.count ? numbers[index] : usual }
    let keyBits = number(0, 2048)
    let layout = try PackingLayout(keyBits: keyBits, valueBits: number(3, 24), summandLimit: number(2, 3))
    let updates = randomUpdates(count: number(2, 3), valueCount: number(1, 118_282), layout: layout)
    let clock = Stopwatch()
    var report = Report(mode: mode, keyBits: keyBits, layout: layout, updates: updates)
    if mode == "threshold" {
      try await measureThreshold(updates, layout, clock, &report)
    } else {
      try await measureSingle(updates, layout, clock, &report)
    }
    report.print()
  }

  static func randomUpdates(count: Int, valueCount: Int, layout: PackingLayout) -> [[Int64]] {
    var generator = PublicGenerator(state: (1, 2, 3, 4))
    let width = UInt64(2 * layout.largestValue + 1)
    return (0..<count).map { _ in
      (0..<valueCount).map { _ in Int64(generator.next() % width) - layout.largestValue }
    }
  }

  static func measureSingle(
    _ updates: [[Int64]], _ layout: PackingLayout, _ clock: Stopwatch, _ report: inout Report
  ) async throws {
    var clock = clock
    let key = try PrivateKey.generate(bitCount: layout.keyBits)
    report.keySeconds = clock.lap()
    let sum = try await encryptedSum(updates, layout, key.publicKey, &clock, &report)
    let opened = try await key.decrypt(sum)
    report.decryptSeconds = clock.lap()
    report.isExact = opened == plainSum(updates)
  }

  /// Any two of three holders, one after the other, as if on one machine.
  static func measureThreshold(
    _ updates: [[Int64]], _ layout: PackingLayout, _ clock: Stopwatch, _ report: inout Report
  ) async throws {
    var clock = clock
    let (key, holders) = try ThresholdKey.deal(bitCount: layout.keyBits, threshold: 2, holders: 3)
    report.keySeconds = clock.lap()
    let sum = try await encryptedSum(updates, layout, key.publicKey, &clock, &report)
    var shares: [DecryptionShare] = []
    for holder in holders.suffix(2) { shares.append(try await holder.decryptionShare(of: sum)) }
    let opened = try await key.open(sum, with: shares)
    report.decryptSeconds = clock.lap()
    report.isExact = opened == plainSum(updates)
  }

  static func encryptedSum(
    _ updates: [[Int64]], _ layout: PackingLayout, _ key: PublicKey, _ clock: inout Stopwatch, _ report: inout Report
  ) async throws -> PackedCiphertext {
    let encryptor = try PackedEncryptor(key, layout: layout)
    report.tableSeconds = clock.lap()
    var packed: [PackedCiphertext] = []
    for update in updates { packed.append(try await encryptor.encrypt(update)) }
    report.encryptSeconds = clock.lap()
    let sum = try await PackedCiphertext.sum(packed, under: key)
    report.addSeconds = clock.lap()
    return sum
  }

  static func plainSum(_ updates: [[Int64]]) -> [Int64] {
    updates.dropFirst().reduce(updates[0]) { zip($0, $1).map { $0 + $1 } }
  }
}

/// Processor time of this process between laps, which other programs on the machine disturb least.
struct Stopwatch {
  private var last = Stopwatch.now()

  mutating func lap() -> Double {
    let now = Self.now()
    defer { last = now }
    return now - last
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// What one run measured, in seconds of processor time.
struct Report {
  let mode: String
  let keyBits: Int
  let layout: PackingLayout
  let updates: [[Int64]]
  var keySeconds = 0.0
  var tableSeconds = 0.0
  var encryptSeconds = 0.0
  var addSeconds = 0.0
  var decryptSeconds = 0.0
  var isExact = false

  func print() {
    let total = tableSeconds + encryptSeconds + addSeconds + decryptSeconds
    let figures: [(String, String)] = [
      ("program", "\"tacit\""), ("mode", "\"\(mode)\""), ("key_bits", "\(keyBits)"),
      ("values", "\(updates[0].count)"), ("updates", "\(updates.count)"), ("value_bits", "\(layout.valueBits)"),
      ("slots", "\(layout.slotCount)"),
      ("bytes_per_update", "\(layout.ciphertextCount(valueCount: updates[0].count) * keyBits / 4)"),
      ("key_cpu_seconds", text(keySeconds)), ("table_cpu_seconds", text(tableSeconds)),
      ("encrypt_cpu_seconds", text(encryptSeconds)), ("add_cpu_seconds", text(addSeconds)),
      ("decrypt_cpu_seconds", text(decryptSeconds)), ("cpu_seconds", text(total)), ("exact", "\(isExact)"),
    ]
    Swift.print("{" + figures.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}")
  }

  private func text(_ seconds: Double) -> String { String(format: "%.4f", seconds) }
}
