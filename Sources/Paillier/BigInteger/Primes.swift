/// Random primes for keys.
package enum Primes {
  /// The odd primes below 2^16, for sieving.
  static let small: [UInt] = {
    var isComposite = [Bool](repeating: false, count: 1 << 16)
    return (2..<UInt(1 << 16)).filter { candidate in
      guard !isComposite[Int(candidate)] else { return false }
      for multiple in stride(from: 2 * Int(candidate), to: isComposite.count, by: Int(candidate)) {
        isComposite[multiple] = true
      }
      return candidate > 2
    }
  }()

  /// A prime of exactly `bits` bits, the two highest set, that leaves 3 modulo 4.
  package static func blum(bits: Int) -> BigInteger {
    search(bits: bits, step: 4, windowCount: 8 * bits) { candidate, window in
      for prime in small { window.strike(multiplesOf: prime, from: candidate, plus: 0) }
    } test: {
      $0.isProbablePrime ? $0 : nil
    }
  }

  /// A prime p of exactly `bits` bits, the two highest set, for which (p − 1)/2 is prime too.
  ///
  /// Candidates (p − 1)/2 are sieved for small factors of both numbers at once. About 0.4 s at 1024 bits.
  package static func safe(bits: Int) -> BigInteger {
    search(bits: bits - 1, step: 2, windowCount: 64 * bits) { candidate, window in
      for prime in small {
        window.strike(multiplesOf: prime, from: candidate, plus: 0)
        // 2c + 1 is a multiple of the prime when c is (p − 1)/2 modulo p.
        window.strike(multiplesOf: prime, from: candidate, plus: (prime + 1) / 2)
      }
    } test: { half in
      let whole = half + half + 1
      guard half.passesQuickTest, whole.passesQuickTest else { return nil }
      return half.isProbablePrime && whole.isProbablePrime ? whole : nil
    }
  }

  /// Looks through windows of numbers that leave −1 modulo `step`, each from a fresh random place.
  private static func search(
    bits: Int, step: UInt, windowCount: Int, sieve: (BigInteger, inout Window) -> Void,
    test: (BigInteger) -> BigInteger?
  ) -> BigInteger {
    let top = BigInteger(3) * .powerOfTwo(bits - 2)
    while true {
      // The two highest bits are ones, so that a product of two such primes has twice as many bits.
      let place = BigInteger.random(bits: bits - 2)
      let start = top + place - BigInteger(Int(place.remainder(by: step))) + BigInteger(Int(step) - 1)
      var window = Window(step: step, count: windowCount)
      sieve(start, &window)
      for index in window.survivors {
        let candidate = start + BigInteger(Int(step) * index)
        guard candidate.bitCount == bits else { break }
        if let found = test(candidate) { return found }
      }
    }
  }
}

/// Candidates `start + step·index` that no small prime divides, for a step of 2 or 4.
private struct Window {
  private let step: UInt
  private var isStruck: [Bool]

  init(step: UInt, count: Int) {
    self.step = step
    isStruck = [Bool](repeating: false, count: count)
  }

  var survivors: [Int] { isStruck.indices.filter { !isStruck[$0] } }

  /// Strikes the candidates c with `c + plus` divisible by an odd prime.
  mutating func strike(multiplesOf prime: UInt, from start: BigInteger, plus: UInt) {
    // start + plus + step·index ≡ 0, and 1/2 is (p + 1)/2.
    let half = (prime + 1) / 2
    let inverse = step == 4 ? half * half % prime : half
    let rest = (start.remainder(by: prime) + plus) % prime
    var index = Int((prime - rest) % prime * inverse % prime)
    while index < isStruck.count {
      isStruck[index] = true
      index += Int(prime)
    }
  }
}

extension BigInteger {
  /// Fermat's test to the base 2, which nearly all composite numbers fail, at the price of one power.
  fileprivate var passesQuickTest: Bool { BigInteger(2).publicPower(self - 1, modulo: self) == 1 }
}
