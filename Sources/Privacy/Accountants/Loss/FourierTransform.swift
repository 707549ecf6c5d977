import Foundation

/// The discrete Fourier transform of a power-of-two length, in place, on separate real and imaginary parts.
///
/// Forward leaves the frequencies in bit-reversed order and backward starts from it, so nothing is ever permuted: between
/// the two only pointwise work makes sense.
struct FourierTransform {
  let count: Int
  /// The roots of unity of each stage one after the other: count/2, count/4, …, 1.
  private let cosines: [Double]
  private let sines: [Double]

  init(count: Int) {
    precondition(count >= 2 && count & (count - 1) == 0, "a power of two")
    var cosines = (0..<count / 2).map { cos(2 * Double.pi * Double($0) / Double(count)) }
    var sines = (0..<count / 2).map { -sin(2 * Double.pi * Double($0) / Double(count)) }
    var (start, length) = (0, count / 2)
    while length > 1 {
      for place in 0..<length / 2 {
        cosines.append(cosines[start + 2 * place])
        sines.append(sines[start + 2 * place])
      }
      (start, length) = (start + length, length / 2)
    }
    (self.count, self.cosines, self.sines) = (count, cosines, sines)
  }

  /// Gentleman and Sande's butterflies.
  func forward(_ real: inout [Double], _ imaginary: inout [Double]) {
    var (half, table) = (count / 2, 0)
    while half >= 1 {
      stage(half: half, table: table, &real, &imaginary) { re0, im0, re1, im1, c, s in
        let (dr, di) = (re0 - re1, im0 - im1)
        return (re0 + re1, im0 + im1, dr * c - di * s, dr * s + di * c)
      }
      table += half
      half /= 2
    }
  }

  /// Cooley and Tukey's butterflies with the conjugate roots; divides by the count.
  func backward(_ real: inout [Double], _ imaginary: inout [Double]) {
    var (half, table) = (1, count - 2)
    while half < count {
      stage(half: half, table: table, &real, &imaginary) { re0, im0, re1, im1, c, s in
        let (tr, ti) = (re1 * c + im1 * s, im1 * c - re1 * s)
        return (re0 + tr, im0 + ti, re0 - tr, im0 - ti)
      }
      half *= 2
      table -= half
    }
    let scale = 1 / Double(count)
    for place in 0..<count {
      real[place] *= scale
      imaginary[place] *= scale
    }
  }

  private typealias Butterfly = (Double, Double, Double, Double, Double, Double) -> (Double, Double, Double, Double)

  @inline(__always)
  private func stage(
    half: Int, table: Int, _ real: inout [Double], _ imaginary: inout [Double], _ butterfly: Butterfly
  ) {
    real.withUnsafeMutableBufferPointer { real in
      imaginary.withUnsafeMutableBufferPointer { imaginary in
        cosines.withUnsafeBufferPointer { cosines in
          sines.withUnsafeBufferPointer { sines in
            for block in stride(from: 0, to: count, by: 2 * half) {
              for offset in 0..<half {
                let (a, b) = (block + offset, block + offset + half)
                (real[a], imaginary[a], real[b], imaginary[b]) = butterfly(
                  real[a], imaginary[a], real[b], imaginary[b], cosines[table + offset], sines[table + offset])
              }
            }
          }
        }
      }
    }
  }
}
