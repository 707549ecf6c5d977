import Arithmetic
import CKernels

/// Shamir's sharing over ``FieldElement``: any `threshold` shares give the secret, fewer say nothing.
///
/// - Source: A. Shamir, *How to Share a Secret*, CACM 1979.
package enum SecretSharing {
  /// The secret's shares at the given places, none of which is 0: values of a random polynomial of degree threshold −
  /// 1.
  package static func shares(of secret: FieldElement, threshold: Int, at places: [UInt64]) -> [FieldElement] {
    var words = SecureRandom.words(4 * (threshold - 1))
    defer { words.withUnsafeMutableBytes { ck_zero($0.baseAddress, $0.count) } }
    var coefficients = stride(from: 0, to: words.count, by: 4).map {
      FieldElement(words[$0], words[$0 + 1], words[$0 + 2], words[$0 + 3])
    }
    defer { coefficients.withUnsafeMutableBytes { ck_zero($0.baseAddress, $0.count) } }
    return coefficients.withUnsafeBufferPointer { coefficients in
      places.map { place in
        var value = FieldElement.zero
        for coefficient in coefficients { value = (value + coefficient).times(place) }
        return value + secret
      }
    }
  }

  /// What the shares at distinct places are multiplied with, to add up to the secret: λᵢ = ∏ xⱼ / (xⱼ − xᵢ) over j ≠ i.
  ///
  /// Places are public. About t² small products and one inversion.
  package static func weights(at places: [UInt64]) -> [FieldElement] {
    let products = places.map { own in
      // Differences are taken by size, and their signs counted.
      var denominator = FieldElement.one
      var isNegative = false
      for other in places where other != own {
        denominator = denominator.times(max(other, own) - min(other, own))
        if other < own { isNegative.toggle() }
      }
      // λᵢ has the product of all places over its own in the numerator.
      return (isNegative ? -denominator : denominator).times(own)
    }
    let numerator = places.reduce(FieldElement.one) { $0.times($1) }
    return inverses(of: products).map { $0 * numerator }
  }

  /// The secret from as many shares as there are weights.
  package static func secret(of shares: [FieldElement], weights: [FieldElement]) -> FieldElement {
    zip(shares, weights).reduce(.zero) { $0 + $1.0 * $1.1 }
  }

  /// All inverses for the price of one (P. Montgomery's trick).
  private static func inverses(of elements: [FieldElement]) -> [FieldElement] {
    var before: [FieldElement] = []
    var product = FieldElement.one
    for element in elements {
      before.append(product)
      product = product * element
    }
    var inverse = product.inverse
    var results = before
    for index in elements.indices.reversed() {
      results[index] = inverse * before[index]
      inverse = inverse * elements[index]
    }
    return results
  }
}
