import CKernels

extension PlanePooling {
  func average(_ x: Source, _ out: Target) {
    ck_f32_average_pool(
      planes, height, width, pooling.windowHeight, pooling.windowWidth, pooling.strideHeight, pooling.strideWidth, x,
      out)
  }

  func averageGradient(_ upstream: Source, _ out: Target) {
    ck_f32_average_pool_grad(
      planes, height, width, pooling.windowHeight, pooling.windowWidth, pooling.strideHeight, pooling.strideWidth,
      upstream, out)
  }

  func maximum(_ x: Source, _ out: Target) {
    guard !tilesByTwo else { return ck_f32_max_pool_by_two(planes, height, width, x, out) }
    guard !slidesByOne else { return ck_f32_max_pool_sliding(planes, height, width, x, out) }
    forEachWindow { window, output in out[output] = x[firstMaximum(x, window)] }
  }

  func maximumGradient(_ x: Source, _ upstream: Source, _ out: Target) {
    guard !tilesByTwo else { return ck_f32_max_pool_by_two_grad(planes, height, width, x, upstream, out) }
    guard !slidesByOne else { return ck_f32_max_pool_sliding_grad(planes, height, width, x, upstream, out) }
    out.update(repeating: 0, count: planes * height * width)
    forEachWindow { window, output in out[firstMaximum(x, window)] += upstream[output] }
  }

  private var isTwoByTwo: Bool { pooling.windowHeight == 2 && pooling.windowWidth == 2 }
  private var tilesByTwo: Bool { isTwoByTwo && pooling.strideHeight == 2 && pooling.strideWidth == 2 }
  private var slidesByOne: Bool { isTwoByTwo && pooling.strideHeight == 1 && pooling.strideWidth == 1 }

  /// Calls `body` with where each window begins in the input, and with its place in the output.
  @inline(__always)
  private func forEachWindow(_ body: (Int, Int) -> Void) {
    var output = 0
    for plane in 0..<planes {
      for row in 0..<outputHeight {
        let line = (plane &* height &+ row &* pooling.strideHeight) &* width
        for column in 0..<outputWidth {
          body(line &+ column &* pooling.strideWidth, output)
          output &+= 1
        }
      }
    }
  }

  @inline(__always)
  private func firstMaximum(_ x: Source, _ window: Int) -> Int {
    var best = window
    for row in 0..<pooling.windowHeight {
      for column in 0..<pooling.windowWidth {
        let candidate = window &+ row &* width &+ column
        if x[candidate] > x[best] { best = candidate }
      }
    }
    return best
  }
}
