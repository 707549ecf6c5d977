/// The natural logarithm of a positive normal number, within 1 unit in the last place.
///
/// It uses the basic operations only, which IEEE 754 rounds alike everywhere; the C libraries' own differ in the last bit.
///
/// - Source: the series of FDLIBM's `e_log.c` (Sun Microsystems, 1993).
func portableLogarithm(_ x: Double) -> Double {
  var exponent = Double(x.exponent)
  var significand = x.significand
  if significand > 2.0.squareRoot() {
    significand /= 2
    exponent += 1
  }
  let f = significand - 1
  let s = f / (2 + f)
  let z = s * s
  var series = 1.479819860511658591e-01
  for coefficient in [
    1.531383769920937332e-01, 1.818357216161805012e-01, 2.222219843214978396e-01, 2.857142874366239149e-01,
    3.999999999940941908e-01, 6.666666666666735130e-01,
  ] {
    series = series * z + coefficient
  }
  let half = 0.5 * f * f
  let ln2High = 6.93147180369123816490e-01
  let ln2Low = 1.90821492927058770002e-10
  return exponent * ln2High - ((half - (s * (half + series * z) + exponent * ln2Low)) - f)
}
