import Arithmetic
import Paillier
import Testing

@Suite struct BigIntegerTests {
  /// Oracle: the machine's own 128-bit integers.
  @Test func arithmeticAgreesWithMachineIntegers() throws {
    var generator = PublicGenerator(state: (1, 2, 3, 4))
    for _ in 0..<500 {
      let a = Int(truncatingIfNeeded: generator.next())
      let b = Int(truncatingIfNeeded: generator.next()) >> 20
      let (x, y) = (BigInteger(a), BigInteger(b))
      #expect((x + y).decimal == (Int128(a) + Int128(b)).description)
      #expect((x - y).decimal == (Int128(a) - Int128(b)).description)
      #expect((x * y).decimal == (Int128(a) * Int128(b)).description)
      #expect((-x).decimal == (-Int128(a)).description)
      #expect((x < y) == (a < b))
      #expect(x.isNegative == (a < 0))
      #expect(x.magnitude.bitCount == UInt.bitWidth - a.magnitude.leadingZeroBitCount)
      let modulus = Int(b.magnitude | 1)
      let remainder = Int((Int128(a) % Int128(modulus) + Int128(modulus)) % Int128(modulus))
      #expect(x.modulo(BigInteger(modulus)) == BigInteger(remainder))
      #expect(x.asInt == a)
    }
  }

  @Test func textAndBytesComeBack() throws {
    for text in ["0", "1", "-1", "18446744073709551616", "-340282366920938463463374607431768211457"] {
      let number = try #require(BigInteger(decimal: text))
      #expect(number.decimal == text)
    }
    for text in ["", "-", "+1", "0x10", " 1", "1 ", "1_000", "--1", "1e3", "١"] {
      #expect(BigInteger(decimal: text) == nil, "\(text)")
    }
    #expect(BigInteger(littleEndian: [1, 2, 3]) == 0x030201)
    #expect(BigInteger(littleEndian: []) == 0)
    #expect(BigInteger(0x030201).littleEndianBytes(count: 5) == [1, 2, 3, 0, 0])
    #expect(BigInteger(Int.max).asInt == Int.max)
    #expect((BigInteger(Int.max) + 1).asInt == nil)
  }

  /// Oracle: the compiler's and the standard library's rounding of whole numbers, which is to the nearest, ties to
  /// even.
  @Test func doublesAreNearest() throws {
    #expect(BigInteger.powerOfTwo(1024).nearestDouble == .infinity)
    #expect((-BigInteger.powerOfTwo(100)).nearestDouble == -0x1p100)
    var generator = PublicGenerator(state: (5, 2, 3, 4))
    for bits in [53, 54, 60, 64, 65, 100, 127] {
      for _ in 0..<50 {
        let wide = UInt128(generator.next()) << 64 | UInt128(generator.next())
        let value = Int128(wide >> UInt128(128 - bits))
        let number = try #require(BigInteger(decimal: value.description))
        #expect(number.nearestDouble == Double(value.description))
        #expect((-number).nearestDouble == -number.nearestDouble)
      }
      // A tie, and the numbers on both sides of it.
      let even = BigInteger.powerOfTwo(bits + 60) + .powerOfTwo(bits + 7)
      #expect(even.nearestDouble == Double(even.decimal))
      #expect((even + 1).nearestDouble == Double((even + 1).decimal))
      #expect((even - 1).nearestDouble == Double((even - 1).decimal))
    }
  }

  /// Oracle: both ways of computing a power, and Fermat's theorem.
  @Test func powersAgree() throws {
    let prime = Primes.blum(bits: 256)
    for _ in 0..<20 {
      let base = BigInteger.random(bits: 250) + 1
      let exponent = BigInteger.random(bits: 255) + 1
      #expect(base.publicPower(exponent, modulo: prime) == base.secretPower(exponent, modulo: prime))
      #expect(base.secretPower(prime - 1, modulo: prime) == 1)
      let inverse = try #require(base.inverse(modulo: prime))
      #expect((base * inverse).modulo(prime) == 1)
    }
    #expect(BigInteger(6).inverse(modulo: 9) == nil)
  }

  /// Oracle: the definition of such primes.
  @Test func primesHaveTheirForm() {
    for bits in [96, 128, 200] {
      let blum = Primes.blum(bits: bits)
      #expect(blum.bitCount == bits && blum.modulo(4) == 3 && blum.isProbablePrime)
      #expect(blum > BigInteger(3) * .powerOfTwo(bits - 2))
      let safe = Primes.safe(bits: bits)
      #expect(safe.bitCount == bits && safe.isProbablePrime && safe.quotient(by: 2).isProbablePrime)
      #expect(safe > BigInteger(3) * .powerOfTwo(bits - 2))
    }
  }

  @Test func numbersDoNotPrint() {
    let number = BigInteger(123_456_789)
    #expect("\(number)" == "‹integer of 27 bits›")
    var text = ""
    dump(number, to: &text)
    #expect(!text.contains("123456789"))
  }
}
