import Arithmetic
import Sharing
import Tensors
import TestSupport
import Testing
import Transports

/// Nothing that holds a piece of a secret prints it, by whatever way.
@Suite struct SecrecyTests {
  static let secret: UInt64 = 1_234_567_890_123_456_789
  static let tensor = RingTensor(repeating: secret, shape: [2, 3])

  static func texts<Value>(of value: Value) -> String {
    var text = "\(value) \(String(describing: value)) \(String(reflecting: value)) "
    dump(value, to: &text)
    dump([value], to: &text)
    return text
  }

  /// The decimal digits of the secret, also as bits (all one) and as bytes of a parcel.
  static func hides(_ text: String) -> Bool {
    !text.contains("1234567890123456789") && !text.contains("12345678901234567")
      && !text.contains("18446744073709551615")
  }

  @Test func sharesShowTheirShapeOnly() async throws {
    let share = ReplicatedShare(first: Self.tensor, second: Self.tensor)
    let clear = ClearScheme().constant(Self.tensor)
    for text in [Self.texts(of: share), Self.texts(of: clear)] {
      #expect(text.contains("‹secret [2, 3]›"))
      #expect(Self.hides(text))
    }
    #expect(Mirror(reflecting: share).children.isEmpty)
    #expect(Mirror(reflecting: clear).children.isEmpty)
    let texts = try await simulate { channel -> [String] in
      let scheme = InsecureKeys.scheme(over: channel, seed: 1)
      let additive = try await scheme.multiply([Multiplication(.elementwise([2, 3]), share, share)])[0]
      let product = scheme.product(share, by: 1)
      let bits = try await scheme.negative(scheme.constant(RingTensor(repeating: .max, shape: [2, 3])), width: 64)
      #expect(Mirror(reflecting: additive).children.isEmpty && Mirror(reflecting: bits).children.isEmpty)
      return [Self.texts(of: additive), Self.texts(of: product), Self.texts(of: bits)]
    }
    for text in texts.joined() {
      #expect(text.contains("‹secret [2, 3]›"))
      #expect(Self.hides(text))
    }
  }

  @Test func whatHoldsSharesHidesThem() {
    let share = ReplicatedShare(first: Self.tensor, second: Self.tensor)
    #expect(Self.hides(Self.texts(of: Multiplication(.elementwise([2, 3]), share, share))))
    #expect(Self.hides(Self.texts(of: ["input": share])))
    #expect(Self.hides(Self.texts(of: Optional(share))))
    let parcel = InputSharing.Parcel(keys: [0: [UInt8](repeating: 200, count: 16)], words: [Self.secret])
    #expect(Self.hides(Self.texts(of: parcel)))
    #expect(!Self.texts(of: parcel).contains("200"))
    #expect(Mirror(reflecting: parcel).children.isEmpty)
  }

  /// Neither keys nor messages that wait in the channel show when a scheme is dumped.
  @Test func schemesHideTheirKeys() async throws {
    let texts = try await simulate { channel in
      Self.texts(of: InsecureKeys.scheme(over: channel, seed: 201))
    }
    for (party, text) in texts.enumerated() {
      #expect(text.contains("‹party \(party) of a replicated session›"))
      #expect(!text.contains("201") && !text.contains("generator") && !text.contains("channel"))
    }
  }

  @Test func errorsAreOneSentence() {
    let errors: [SharingError] = [
      .unexpectedLength(from: 1, expected: 8, received: 9),
      .notAvailable(operations: ["log"], engine: "secret-sharing"),
      .missingShare("x"), .wrongShape("x", expected: [1], given: [2]),
      .outOfRange(layer: "dense", operation: "matmul", magnitude: 1e9, limit: 1e6),
      .trafficDiffers(planned: .none, measured: Cost(rounds: 1)), .countersExhausted,
      .cheating(check: .agreement, layer: ""), .cheating(check: .words, layer: "dense"),
    ]
    for error in errors {
      #expect(!error.description.isEmpty && !error.description.contains("\n"))
    }
  }
}
