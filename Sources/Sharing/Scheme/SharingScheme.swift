public import Tensors

/// A way of splitting a secret tensor among parties, and of computing on the pieces.
///
/// Synchronous means silent; `async` means that parties talk. Words are of the ring Z/2⁶⁴ in two's complement; fixed
/// point is the business of ``FixedPointArithmetic``. A scheme belongs to one task: its instances are not `Sendable`.
public protocol SharingScheme: AnyObject {
  /// This party's piece of a secret ring tensor.
  associatedtype Share: SecretShare
  /// A product, or a sum of products, that has not been brought back to a share: adding and linear maps are free,
  /// anything else needs ``truncate(_:)`` or ``reduce(_:)`` first.
  associatedtype Product: SecretShare
  /// This party's piece of one secret bit per scalar.
  associatedtype Bits: SecretShare

  // MARK: Silent

  /// A public value as a share.
  func constant(_ value: RingTensor) -> Share
  func add(_ a: Share, _ b: Share) -> Share
  func subtract(_ a: Share, _ b: Share) -> Share
  /// Adds one public word to every scalar.
  func add(_ a: Share, word: UInt64) -> Share
  /// Multiplies by a public word, wrapping.
  func scale(_ a: Share, by word: UInt64) -> Share
  /// Applies a linear map that yields a tensor of `shape`; any other map gives garbage. The weights of each scalar of the
  /// result, as signed numbers, add up to less than 2³¹ in absolute value: larger factors are for `scale(_:by:)`.
  func map(_ a: Share, to shape: Shape, _ linear: (RingTensor) -> RingTensor) -> Share
  /// The same scalars under another shape of as many.
  func reshape(_ a: Share, to shape: Shape) -> Share
  /// The shares one after the other along an axis.
  func concatenate(_ shares: [Share], axis: Int) -> Share

  /// The share times a public word, awaiting truncation.
  func product(_ a: Share, by word: UInt64) -> Product
  func add(_ a: Product, _ b: Product) -> Product
  /// The product and what every party brings by itself, such as noise: nobody learns another's words, nothing is sent.
  func add(_ a: Product, own words: RingTensor) -> Product
  func map(_ a: Product, to shape: Shape, _ linear: (RingTensor) -> RingTensor) -> Product
  /// Multiplies a product by a public word, wrapping.
  func scale(_ a: Product, by word: UInt64) -> Product
  /// Tells which layer of a model the next operations serve: what an error names. Public.
  func enter(layer: String)

  func not(_ bits: Bits) -> Bits
  func exclusiveOr(_ a: Bits, _ b: Bits) -> Bits
  /// Scalars of the flattened bits.
  func slice(_ bits: Bits, _ range: Range<Int>) -> Bits
  func reshape(_ bits: Bits, to shape: Shape) -> Bits
  /// The flattened bits one after the other.
  func concatenate(_ bits: [Bits]) -> Bits

  // MARK: Talking

  /// Whether twice a product costs this scheme less than the product.
  func doubles(_ form: Bilinear) -> Bool
  /// Multiplies each pair.
  func multiply(_ pairs: [Multiplication<Share>]) async throws -> [Product]
  /// The products as shares of the same words.
  func reduce(_ products: [Product]) async throws -> [Share]
  /// Divides each product by 2^bits, rounding up or down at random with the right mean.
  ///
  /// - Precondition: each word, as a signed number, is in −2⁶² ..< 2⁶²; `bits` in 1...32.
  func truncate(_ items: [Truncation<Product>]) async throws -> [Share]
  /// Whether each scalar is negative, given that it fits into `width` (2...64) bits, signed.
  func negative(_ share: Share, width: Int) async throws -> Bits
  /// Each scalar where its bit is 1, zero elsewhere.
  func multiply(_ bits: Bits, _ share: Share) async throws -> Share
  /// The bits as ring words 0 and 1.
  func convert(_ bits: Bits) async throws -> Share
  /// The lowest `width` (2...64) bits of each scalar in two's complement, lowest first.
  func decompose(_ share: Share, width: Int) async throws -> [Bits]
  /// The conjunction of each pair of equal shapes.
  func and(_ pairs: [(Bits, Bits)]) async throws -> [Bits]
  /// For each table the sum of its words at the places whose bit is 1; the bits have one shape, each table as many words.
  func weightedSums(_ bits: [Bits], tables: [[UInt64]]) async throws -> [Share]
  /// The slices along axis 0 of every share in one random order, the same for all, which no party knows.
  ///
  /// - Precondition: all shares have the same extent of axis 0.
  func shuffle(_ shares: [Share]) async throws -> [Share]
  /// Reveals each value to every party.
  func open(_ shares: [Share]) async throws -> [RingTensor]
  /// Prepares secrets that will be operands of many products, such as weights that do not change: a scheme that masks its
  /// operands opens these once and for all.
  func fix(_ shares: [Share]) async throws -> [Share]
}

extension SharingScheme {
  public func reshape(_ a: Share, to shape: Shape) -> Share { map(a, to: shape) { $0.reshaped(to: shape) } }

  public func doubles(_ form: Bilinear) -> Bool { false }

  public func scale(_ a: Product, by word: UInt64) -> Product {
    map(a, to: a.shape) { $0.scaled(by: word) }
  }

  /// Nothing to note.
  public func enter(layer: String) {}

  /// Nothing to prepare.
  public func fix(_ shares: [Share]) async throws -> [Share] { shares }
}

/// Two secrets to be multiplied, and how.
public struct Multiplication<Share: SecretShare>: Sendable {
  public let form: Bilinear
  public let left: Share
  public let right: Share
  /// Whether the result is twice the product: the same once it is divided by one more power of two.
  public let isDoubled: Bool

  public init(_ form: Bilinear, _ left: Share, _ right: Share, isDoubled: Bool = false) {
    self.form = form
    self.left = left
    self.right = right
    self.isDoubled = isDoubled
  }
}

/// A product to be divided by 2^bits.
public struct Truncation<Product: SecretShare>: Sendable {
  public let product: Product
  public let bits: Int
  /// Whether a scheme that was told to may be wrong with a small probability: a plan knows how large the words are.
  public let mayFail: Bool

  public init(_ product: Product, by bits: Int, mayFail: Bool = false) {
    self.product = product
    self.bits = bits
    self.mayFail = mayFail
  }
}

/// Why a secure computation cannot go on; never what was computed.
public enum SharingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A peer sent a message of another length than the protocol says.
  case unexpectedLength(from: Int, expected: Int, received: Int)
  case notAvailable(operations: [String], engine: String)
  case missingShare(String)
  case wrongShape(String, expected: Shape, given: Shape)
  case outOfRange(layer: String, operation: String, magnitude: Double, limit: Double)
  case trafficDiffers(planned: Cost, measured: Cost)
  case countersExhausted
  /// The dealer's corrections for an operation are not what it needs.
  case wrongCorrections(expected: Int, received: Int)
  /// A failure probability was asked for, and no bounds of values are known.
  case boundsMissing
  /// A run began before the dealer's corrections for it were there.
  case stockEmpty(program: String)
  /// What each party brings by itself is used as something else than a summand.
  case ownInputMisused(String)
  /// The correlated randomness of a run was used before.
  case stepUsed(program: String, step: UInt32)
  /// The dealer was asked about something that it has not dealt.
  case notDealt(program: String, step: UInt32, operation: UInt32)
  /// A party deviated from the protocol: the check that failed, and the layer whose values it failed for, empty where it is
  /// not known; and who it was, where parties look for that and have found it. No output was released.
  case cheating(check: CheatingCheck, layer: String, culprit: Culprit = .unknown)

  public var description: String {
    switch self {
    case .notDealt(let program, let step, let operation):
      return
        "the dealer has dealt nothing for operation \(operation) of run \(step) of \"\(program)\" in this session: "
        + "do all parties run the program that was dealt for?"
    case .unexpectedLength(let peer, let expected, let received):
      return "party \(peer) sent \(received) bytes where the protocol has \(expected): "
        + "do all parties run the same program?"
    case .notAvailable(let operations, let engine):
      return "the \(engine) engine does not have: \(operations.joined(separator: ", "))"
    case .missingShare(let name): return "no share was given for input \"\(name)\""
    case .wrongShape(let name, let expected, let given):
      return "the share of input \"\(name)\" must have shape \(expected), not \(given)"
    case .outOfRange(let layer, let operation, let magnitude, let limit):
      let place = layer.isEmpty ? operation : "\(operation) in layer \(layer)"
      return "\(place) reaches \(magnitude), beyond the limit of \(limit) at these fraction bits: "
        + "use fewer fraction bits or scale the inputs"
    case .trafficDiffers(let planned, let measured):
      return "the run took \(measured.rounds) rounds and \(measured.byteCount) bytes where the plan has "
        + "\(planned.rounds) and \(planned.byteCount)"
    case .countersExhausted: return "this session has used up its counters: start a new session"
    case .wrongCorrections(let expected, let received):
      return "the dealer's corrections have \(received) bytes where the operation needs \(expected): "
        + "do the parties and the dealer run the same program?"
    case .boundsMissing:
      return
        "fast truncation needs proven bounds of all values: declare the range of inputs (--input-range), or truncate safely"
    case .stockEmpty(let program):
      return "the stock of correlated randomness for \(program) is empty: have the dealer fill it first"
    case .ownInputMisused(let name):
      return
        "input \"\(name)\" is noise, or what each party brings by itself: add it to one other value of its shape, and nothing else"
    case .stepUsed(let program, let step):
      return "the correlated randomness of run \(step) of \(program) was used before: "
        + "remove the storage folder of the last party, and start it again"
    case .cheating(let check, let layer, let culprit): return Self.sentence(check, layer, culprit)
    }
  }

  private static func sentence(_ check: CheatingCheck, _ layer: String, _ culprit: Culprit) -> String {
    let place = layer.isEmpty ? "" : " in layer \(layer)"
    return "\(culprit) cheated: \(check)\(place); no output was released, and this session's keys are used no more"
  }
}

/// Rounds and payload bytes, of all parties together.
public struct Cost: Hashable, Sendable, Codable {
  public var rounds: Int
  public var byteCount: Int
  /// Bytes of correlated randomness from a dealer, which do not depend on data and can be made ahead.
  public var dealtByteCount: Int

  public init(rounds: Int = 0, byteCount: Int = 0, dealtByteCount: Int = 0) {
    self.rounds = rounds
    self.byteCount = byteCount
    self.dealtByteCount = dealtByteCount
  }

  public static let none = Cost()

  public static func + (a: Cost, b: Cost) -> Cost {
    Cost(
      rounds: a.rounds + b.rounds, byteCount: a.byteCount + b.byteCount,
      dealtByteCount: a.dealtByteCount + b.dealtByteCount)
  }

  public static func - (a: Cost, b: Cost) -> Cost {
    Cost(
      rounds: a.rounds - b.rounds, byteCount: a.byteCount - b.byteCount,
      dealtByteCount: a.dealtByteCount - b.dealtByteCount)
  }
}
