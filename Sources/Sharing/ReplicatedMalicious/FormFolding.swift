import CKernels
import Tensors

/// A matrix product Z = X·Y as one inner product over the Galois ring: Σᵢⱼ rᵢsⱼZᵢⱼ = Σₖ(ΣᵢrᵢXᵢₖ)(ΣⱼsⱼYₖⱼ) for random points r and s;
/// convolutions likewise, through their patches.
struct FormFolding {
  let form: Bilinear
  /// Random points, for the rows and the columns of the result.
  private let rows: [UInt64]
  private let columns: [UInt64]

  init(_ form: Bilinear, index: Int, coin: CheckCoin) {
    self.form = form
    let extents = form.foldingExtents
    rows = coin.points(extents.rows, .rows(index))
    // Where there is one column the rows' points do, but a single row is not weighted by itself.
    columns = extents.columns > 1 || extents.rows == 1 ? coin.points(extents.columns, .columns(index)) : [1]
  }

  /// out[k] += Σᵢ rᵢXᵢₖ
  func addLeft(_ x: UnsafePointer<UInt64>, to out: UnsafeMutablePointer<UInt64>) {
    switch form {
    case .elementwise, .conv2dInputGradient: return
    case .matmul(let m, let k, _, let isTransposed, _):
      ck_galois_sum_where(m, rows, x, isTransposed ? 1 : k, k, isTransposed ? m : 1, out)
    case .conv2d(let product):
      forEachImage(product, x) { image, patches in
        rows.withUnsafeBufferPointer { rows in
          guard let base = rows.baseAddress else { return }
          ck_galois_sum_where(
            product.positions, base + image * product.positions, patches, 1, product.patch, product.positions, out)
        }
      }
    case .conv2dWeightGradient(let product):
      forEachImage(product, x) { image, patches in
        ck_galois_sum_where(
          product.patch, rows, patches, product.positions, product.positions, 1,
          out + image * product.positions * GaloisElement.wordCount)
      }
    }
  }

  /// out[k] += Σⱼ sⱼYₖⱼ
  func addRight(_ y: UnsafePointer<UInt64>, to out: UnsafeMutablePointer<UInt64>) {
    switch form {
    case .elementwise, .conv2dInputGradient: return
    case .matmul(_, let k, let n, _, let isTransposed):
      ck_galois_sum_where(n, columns, y, isTransposed ? k : 1, k, isTransposed ? 1 : n, out)
    case .conv2d(let product):
      ck_galois_sum_where(product.outputChannels, columns, y, product.patch, product.patch, 1, out)
    case .conv2dWeightGradient(let product):
      for image in 0..<product.batch {
        ck_galois_sum_where(
          product.outputChannels, columns, y + image * product.resultCount, product.positions, product.positions, 1,
          out + image * product.positions * GaloisElement.wordCount)
      }
    }
  }

  /// Σᵢⱼ rᵢsⱼZᵢⱼ
  func result(_ z: UnsafePointer<UInt64>) -> GaloisElement {
    switch form {
    case .elementwise, .conv2dInputGradient: return .zero
    case .matmul(let m, _, let n, _, _): return ResultFolding(rows: rows, columns: columns).sum(z, m, n, n, 1)
    case .conv2d(let product):
      let folding = ResultFolding(rows: rows, columns: columns)
      return folding.sum(
        z, product.positions, product.outputChannels, 1, product.positions, groups: product.batch,
        groupStride: product.resultCount)
    case .conv2dWeightGradient(let product):
      return ResultFolding(rows: rows, columns: columns).sum(z, product.patch, product.outputChannels, 1, product.patch)
    }
  }

  /// Σⱼ sⱼzⱼ of a product of one row.
  func rowResult(_ z: UnsafePointer<UInt64>) -> GaloisElement {
    var result = GaloisElement.zero
    ck_galois_sum_where(columns.count, columns, z, 1, 1, 0, &result.words)
    return result
  }

  private func forEachImage(
    _ product: PlaneProduct, _ x: UnsafePointer<UInt64>, _ body: (Int, UnsafePointer<UInt64>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: max(1, product.patch * product.positions)) { patches in
      guard let base = patches.baseAddress else { return }
      for image in 0..<product.batch {
        product.columns(of: x + image * product.imageCount, into: base)
        body(image, base)
      }
    }
  }
}

extension Bilinear {
  /// As a matrix product [rows, inner] · [inner, columns].
  var foldingExtents: (rows: Int, inner: Int, columns: Int) {
    switch self {
    case .elementwise, .conv2dInputGradient: (0, 0, 0)
    case .matmul(let m, let k, let n, _, _): (m, k, n)
    case .conv2d(let product): (product.batch * product.positions, product.patch, product.outputChannels)
    case .conv2dWeightGradient(let product):
      (product.patch, product.batch * product.positions, product.outputChannels)
    }
  }
}

/// Σᵢⱼ rᵢsⱼZᵢⱼ of matrices that lie in memory in any order.
struct ResultFolding {
  let rows: [UInt64]
  let columns: [UInt64]

  /// - Parameter groups: matrices one below the other.
  func sum(
    _ z: UnsafePointer<UInt64>, _ rowCount: Int, _ columnCount: Int, _ rowStride: Int, _ columnStride: Int,
    groups: Int = 1, groupStride: Int = 0
  ) -> GaloisElement {
    var result = GaloisElement.zero
    // The longer side goes first: what is left is multiplied over the Galois ring.
    if groups == 1, columnCount > rowCount {
      var sums = [UInt64](repeating: 0, count: rowCount * GaloisElement.wordCount)
      ck_galois_sum_where(columnCount, columns, z, columnStride, rowCount, rowStride, &sums)
      ck_galois_dot(rowCount, GaloisElement.coefficients(of: rows), sums, &result.words)
      return result
    }
    var sums = [UInt64](repeating: 0, count: columnCount * GaloisElement.wordCount)
    rows.withUnsafeBufferPointer { rows in
      guard let base = rows.baseAddress else { return }
      for group in 0..<groups {
        ck_galois_sum_where(
          rowCount, base + group * rowCount, z + group * groupStride, rowStride, columnCount, columnStride, &sums)
      }
    }
    ck_galois_dot(columnCount, GaloisElement.coefficients(of: columns), sums, &result.words)
    return result
  }
}

extension KeptForm {
  var entryCount: Int { factors.form.foldingExtents.inner }

  /// Writes the inner product's entries into vectors, from an entry on; its claim.
  func write(to vectors: GaloisVectors, at start: Int, index: Int, coin: CheckCoin) -> GaloisShare {
    let folding = FormFolding(factors.form, index: index, coin: coin)
    let offset = start * GaloisElement.wordCount
    let (x, y) = (factors.left, factors.right)
    folding.addLeft(x.first.scalars, to: vectors.x0 + offset)
    folding.addLeft(x.second.scalars, to: vectors.x1 + offset)
    folding.addRight(y.first.scalars, to: vectors.y0 + offset)
    folding.addRight(y.second.scalars, to: vectors.sum + offset)
    let words = entryCount * GaloisElement.wordCount
    ck_u64_add(words, vectors.sum + offset, vectors.y0 + offset, vectors.sum + offset)
    return GaloisShare(first: folding.result(result.first.scalars), second: folding.result(result.second.scalars))
  }
}

extension KeptMove {
  var entryCount: Int { source.shape[0] }

  /// Σᵢ rᵢΣⱼsⱼyᵢⱼ = Σᵢ r_{π⁻¹(i)}Σⱼsⱼxᵢⱼ, where y has the rows of x in the order π and r_{π⁻¹} is known to two parties. Writes the
  /// entries into vectors, from one on; the claim.
  func write(to vectors: GaloisVectors, at start: Int, index: Int, coin: CheckCoin) -> GaloisShare {
    let (rowCount, columnCount) = (entryCount, source.shape.count / entryCount)
    let folding = ResultFolding(
      rows: coin.points(rowCount, .rows(index)),
      columns: columnCount > 1 ? coin.points(columnCount, .columns(index)) : [1])
    let offset = start * GaloisElement.wordCount
    let words = rowCount * GaloisElement.wordCount
    if let order {
      var points = [UInt64](repeating: 0, count: rowCount)
      for (place, row) in order.enumerated() { points[row] = folding.rows[place] }
      (isFirst ? vectors.x0 : vectors.x1).advanced(by: offset)
        .update(from: GaloisElement.coefficients(of: points), count: words)
    }
    for (component, target) in [(source.first, vectors.y0), (source.second, vectors.sum)] {
      ck_galois_sum_where(
        columnCount, folding.columns, component.scalars, 1, rowCount, columnCount, target + offset)
    }
    ck_u64_add(words, vectors.sum + offset, vectors.y0 + offset, vectors.sum + offset)
    func sum(_ words: RingTensor) -> GaloisElement {
      words.scalars.withUnsafeBufferPointer { words in
        words.baseAddress.map { folding.sum($0, rowCount, columnCount, columnCount, 1) } ?? .zero
      }
    }
    return GaloisShare(first: sum(result.first), second: sum(result.second))
  }
}
