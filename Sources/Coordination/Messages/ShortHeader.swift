/// What the header of a message in its short form begins with; JSON begins with a brace.
///
/// Every round tells each worker a task and hears of an update. As JSON each costs some 50 µs to write and as much to read, which is more than
/// a small network takes for a step. All numbers are little-endian, and floating-point ones finite, as in JSON.
///
/// | form | bytes |
/// | --- | --- |
/// | task | 1, flags (1 evaluate, 2 with a control variate, 4 with a clipping norm), question, attempt, round (8 each), the norm (8) if there is one |
/// | update | 2, flags (1 tells whether it is within the norm, 2 it is), question, examples, loss (8 each), the sums of judging (8 each) |
enum ShortForm: UInt8 {
  case task = 1
  case update = 2

  /// Bytes before what not every message has.
  static let byteCount = 26
}

extension Question {
  /// The short form, where the message has one.
  var shortForm: [UInt8]? {
    guard case .task(let header) = message, header.hiding == nil, header.clip?.isFinite != false else { return nil }
    var flags: UInt8 = 0
    switch header.kind {
    case .statistics: return nil
    case .train: break
    case .evaluate: flags |= 1
    }
    if header.hasControl { flags |= 2 }
    if header.clip != nil { flags |= 4 }
    var bytes = ShortBytes(.task, flags)
    for number in [number, header.number, header.round] { bytes.append(number) }
    if let clip = header.clip { bytes.append(clip) }
    return bytes.bytes
  }

  /// `nil` where these are not exactly the bytes of a short form.
  init?(shortForm bytes: [UInt8]) {
    guard bytes.count >= ShortForm.byteCount, bytes[0] == ShortForm.task.rawValue, bytes[1] < 8 else { return nil }
    let flags = bytes[1]
    var clip: Double?
    if flags & 4 != 0 {
      guard bytes.count == ShortForm.byteCount + 8, let norm = ShortBytes.double(26, in: bytes) else { return nil }
      clip = norm
    } else if bytes.count != ShortForm.byteCount {
      return nil
    }
    number = ShortBytes.integer(2, in: bytes)
    message = .task(
      TaskHeader(
        number: ShortBytes.integer(10, in: bytes), kind: flags & 1 == 0 ? .train : .evaluate,
        round: ShortBytes.integer(18, in: bytes), hiding: nil, hasControl: flags & 2 != 0, clip: clip))
  }
}

extension WorkerMessage {
  /// The short form, where the reply has one.
  var shortForm: [UInt8]? {
    guard case .update(let header) = reply, header.loss.isFinite, header.judged.allSatisfy(\.isFinite) else {
      return nil
    }
    var bytes = ShortBytes(.update, header.isWithin.map { $0 ? 3 : 1 } ?? 0)
    bytes.append(question)
    bytes.append(header.examples)
    bytes.append(header.loss)
    for sum in header.judged { bytes.append(sum) }
    return bytes.bytes
  }

  /// `nil` where these are not exactly the bytes of a short form.
  init?(shortForm bytes: [UInt8]) {
    guard bytes.count >= ShortForm.byteCount, (bytes.count - ShortForm.byteCount) % 8 == 0,
      bytes[0] == ShortForm.update.rawValue, [0, 1, 3].contains(bytes[1]), let loss = ShortBytes.double(18, in: bytes)
    else { return nil }
    var header = VectorHeader(examples: ShortBytes.integer(10, in: bytes), loss: loss)
    header.isWithin = bytes[1] == 0 ? nil : bytes[1] == 3
    for offset in stride(from: ShortForm.byteCount, to: bytes.count, by: 8) {
      guard let sum = ShortBytes.double(offset, in: bytes) else { return nil }
      header.judged.append(sum)
    }
    question = ShortBytes.integer(2, in: bytes)
    reply = .update(header)
  }
}

/// Numbers of eight bytes, one after the other.
private struct ShortBytes {
  private(set) var bytes: [UInt8]

  init(_ form: ShortForm, _ flags: UInt8) {
    bytes = [form.rawValue, flags]
    bytes.reserveCapacity(ShortForm.byteCount + 32)
  }

  mutating func append(_ number: Int) { append(UInt64(bitPattern: Int64(number))) }
  mutating func append(_ number: Double) { append(number.bitPattern) }

  private mutating func append(_ word: UInt64) {
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }

  static func integer(_ offset: Int, in bytes: [UInt8]) -> Int { Int(Int64(bitPattern: word(offset, in: bytes))) }

  /// `nil` where it is not finite.
  static func double(_ offset: Int, in bytes: [UInt8]) -> Double? {
    let number = Double(bitPattern: word(offset, in: bytes))
    return number.isFinite ? number : nil
  }

  private static func word(_ offset: Int, in bytes: [UInt8]) -> UInt64 {
    bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
