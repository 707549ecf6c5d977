import CKernels
import Testing

extension KernelTests {
  @Suite struct Convolution {
    struct Geometry {
      var channels, height, width, kh, kw, sh, sw, ph, pw: Int
      var outHeight: Int { (height + 2 * ph - kh) / sh + 1 }
      var outWidth: Int { (width + 2 * pw - kw) / sw + 1 }
      var pixelCount: Int { channels * height * width }
      var entryCount: Int { channels * kh * kw * outHeight * outWidth }

      /// The pixel that each entry of the columns shows; nil in the padding.
      var sources: [Int?] {
        var sources: [Int?] = []
        for c in 0..<channels {
          for i in 0..<kh {
            for j in 0..<kw {
              for y in 0..<outHeight {
                for x in 0..<outWidth {
                  let (row, column) = (y * sh + i - ph, x * sw + j - pw)
                  let inside = (0..<height).contains(row) && (0..<width).contains(column)
                  sources.append(inside ? (c * height + row) * width + column : nil)
                }
              }
            }
          }
        }
        return sources
      }
    }

    static let geometries = [
      Geometry(channels: 1, height: 1, width: 1, kh: 1, kw: 1, sh: 1, sw: 1, ph: 0, pw: 0),
      Geometry(channels: 3, height: 7, width: 9, kh: 3, kw: 3, sh: 1, sw: 1, ph: 1, pw: 1),
      Geometry(channels: 2, height: 28, width: 28, kh: 5, kw: 5, sh: 1, sw: 1, ph: 0, pw: 0),
      Geometry(channels: 2, height: 8, width: 11, kh: 3, kw: 2, sh: 2, sw: 3, ph: 2, pw: 1),
      Geometry(channels: 1, height: 3, width: 2, kh: 5, kw: 6, sh: 1, sw: 2, ph: 4, pw: 5),
      Geometry(channels: 2, height: 5, width: 5, kh: 1, kw: 1, sh: 3, sw: 3, ph: 0, pw: 2),
      // As wide as the image, and padded by more than it holds; rows of every length around a block's.
      Geometry(channels: 3, height: 7, width: 7, kh: 5, kw: 5, sh: 1, sw: 1, ph: 2, pw: 2),
      Geometry(channels: 2, height: 3, width: 2, kh: 1, kw: 7, sh: 1, sw: 1, ph: 2, pw: 3),
      Geometry(channels: 2, height: 2, width: 6, kh: 7, kw: 1, sh: 1, sw: 1, ph: 4, pw: 0),
      Geometry(channels: 2, height: 6, width: 9, kh: 3, kw: 3, sh: 2, sw: 1, ph: 1, pw: 1),
      Geometry(channels: 1, height: 4, width: 40, kh: 2, kw: 35, sh: 1, sw: 1, ph: 0, pw: 5),
    ]

    @Test(arguments: geometries) func words(_ g: Geometry) {
      var generator = SeededGenerator(state: 30)
      let (image, entries, sources) = (generator.words(g.pixelCount), generator.words(g.entryCount), g.sources)
      var sums = image
      for (entry, source) in zip(entries, sources) { if let source { sums[source] &+= entry } }
      atEveryLevel { _ in
        var columns = [UInt64](repeating: 1, count: g.entryCount)
        ck_im2col_u64(g.channels, g.height, g.width, g.kh, g.kw, g.sh, g.sw, g.ph, g.pw, image, &columns)
        #expect(columns == sources.map { $0.map { image[$0] } ?? 0 })
        var back = image
        ck_col2im_u64(g.channels, g.height, g.width, g.kh, g.kw, g.sh, g.sw, g.ph, g.pw, entries, &back)
        #expect(back == sums)
      }
    }

    /// Small whole numbers, so that sums are exact in any order.
    @Test(arguments: geometries) func floats(_ g: Geometry) {
      var generator = SeededGenerator(state: 31)
      let image = generator.words(g.pixelCount).map { Float($0 % 100) }
      let entries = generator.words(g.entryCount).map { Float($0 % 100) }
      let sources = g.sources
      var sums = image
      for (entry, source) in zip(entries, sources) { if let source { sums[source] += entry } }
      atEveryLevel { _ in
        var columns = [Float](repeating: 1, count: g.entryCount)
        ck_im2col_f32(g.channels, g.height, g.width, g.kh, g.kw, g.sh, g.sw, g.ph, g.pw, image, &columns)
        #expect(columns == sources.map { $0.map { image[$0] } ?? 0 })
        var back = image
        ck_col2im_f32(g.channels, g.height, g.width, g.kh, g.kw, g.sh, g.sw, g.ph, g.pw, entries, &back)
        #expect(back == sums)
      }
    }

    @Test(arguments: [
      Geometry(channels: 3, height: 24, width: 24, kh: 2, kw: 2, sh: 2, sw: 2, ph: 0, pw: 0),
      Geometry(channels: 2, height: 7, width: 5, kh: 2, kw: 2, sh: 2, sw: 2, ph: 0, pw: 0),
      Geometry(channels: 2, height: 9, width: 8, kh: 4, kw: 2, sh: 1, sw: 2, ph: 0, pw: 0),
      Geometry(channels: 1, height: 9, width: 8, kh: 2, kw: 2, sh: 1, sw: 2, ph: 0, pw: 0),
      Geometry(channels: 2, height: 4, width: 4, kh: 4, kw: 4, sh: 1, sw: 1, ph: 0, pw: 0),
    ])
    func averagePool(_ g: Geometry) {
      var generator = SeededGenerator(state: 32)
      let x = generator.words(g.pixelCount).map { Float($0 % 100) }
      let outCount = g.channels * g.outHeight * g.outWidth
      let gradient = generator.words(outCount).map { Float($0 % 100) }
      var means = [Float](repeating: 0, count: outCount)
      var spread = [Float](repeating: 0, count: g.pixelCount)
      let (area, windows) = (g.kh * g.kw, g.outHeight * g.outWidth)
      // Entry ((c, i, j), window) of the columns belongs to the mean of (c, window).
      for (entry, source) in g.sources.enumerated() {
        let place = entry / (area * windows) * windows + entry % windows
        if let source {
          means[place] += x[source] / Float(area)
          spread[source] += gradient[place] / Float(area)
        }
      }
      atEveryLevel { _ in
        var out = [Float](repeating: -1, count: outCount)
        ck_f32_average_pool(g.channels, g.height, g.width, g.kh, g.kw, g.sh, g.sw, x, &out)
        #expect(out == means)
        var back = [Float](repeating: -1, count: g.pixelCount)
        ck_f32_average_pool_grad(g.channels, g.height, g.width, g.kh, g.kw, g.sh, g.sw, gradient, &back)
        #expect(back == spread)
      }
    }
  }
}
