import CGMP

/// A whole number of any size.
///
/// A value never changes once it is made, and its limbs are overwritten when the last copy goes. GMP's own scratch
/// memory is not. Ordinary arithmetic takes time that depends on the numbers; `secretPower(_:modulo:)` does not.
public struct BigInteger: Sendable {
  /// The number in GMP's hands.
  final class Storage: @unchecked Sendable {
    // Sendable: `make` fills the number before anybody else can see it, and nobody writes to it afterwards.
    let number: UnsafeMutablePointer<__mpz_struct>

    init() {
      number = .allocate(capacity: 1)
      __gmpz_init(number)
    }

    deinit {
      if number.pointee._mp_alloc > 0 { __gmpn_zero(number.pointee._mp_d, mp_size_t(number.pointee._mp_alloc)) }
      __gmpz_clear(number)
      number.deallocate()
    }
  }

  private let storage: Storage

  var number: UnsafeMutablePointer<__mpz_struct> { storage.number }

  private init(storage: Storage) { self.storage = storage }

  /// A number written by a function of GMP.
  static func make(_ fill: (UnsafeMutablePointer<__mpz_struct>) -> Void) -> BigInteger {
    let storage = Storage()
    fill(storage.number)
    return BigInteger(storage: storage)
  }

  public init(_ value: Int) {
    self = Self.make { __gmpz_set_si($0, value) }
  }

  /// A number in decimal digits, with a minus sign where it is negative; nothing else is read.
  public init?(decimal text: String) {
    let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
    guard !digits.isEmpty, digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
    self = Self.make { _ = __gmpz_set_str($0, text, 10) }
  }

  /// A number that is not negative, from its bytes, the lowest first.
  public init(littleEndian bytes: some Collection<UInt8>) {
    let bytes = [UInt8](bytes)
    self = Self.make { __gmpz_import($0, bytes.count, -1, 1, 0, 0, bytes) }
  }

  /// A number that is not negative, from its limbs, the lowest first.
  init(limbs: UnsafeBufferPointer<UInt>) {
    self = Self.make { __gmpz_import($0, limbs.count, -1, 8, 0, 0, limbs.baseAddress) }
  }
}

extension BigInteger: Comparable {
  public static func == (a: BigInteger, b: BigInteger) -> Bool { __gmpz_cmp(a.number, b.number) == 0 }
  public static func < (a: BigInteger, b: BigInteger) -> Bool { __gmpz_cmp(a.number, b.number) < 0 }
}

extension BigInteger: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self.init(value) }
}

/// A number may be a key, so printing one shows its size only; ``decimal`` is the way to its digits.
extension BigInteger: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "‹integer of \(bitCount) bits›" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
