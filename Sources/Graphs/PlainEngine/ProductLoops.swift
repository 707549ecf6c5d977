import CKernels
import COpenBLAS

/// OpenBLAS, told once to stay on the calling thread: its threads collapse where cores are busy.
enum BLAS {
  static let isReady: Bool = {
    openblas_set_num_threads(1)
    return true
  }()

  /// `c = op(a) · op(b) + beta · c`, row-major, with `op(a)` of `[m, k]` and `op(b)` of `[k, n]`.
  @inline(__always)
  static func multiply(
    _ m: Int, _ n: Int, _ k: Int, _ a: Source, transposeA: Bool, _ b: Source, transposeB: Bool, beta: Float, _ c: Target
  ) {
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), 1, a, blasint(transposeA ? m : k), b, blasint(transposeB ? k : n), beta, c,
      blasint(n))
  }
}

extension MatrixProduct {
  func callAsFunction(_ a: Source, _ b: Source, bias: Source?, _ c: Target) {
    guard m > 0, n > 0 else { return }
    if let bias { for row in 0..<m { (c + row &* n).update(from: bias, count: n) } }
    if k == 1, bias == nil {
      ck_f32_outer(m, n, a, b, c)
    } else if k > 0 {
      BLAS.multiply(
        m, n, k, a, transposeA: transposeLeft, b, transposeB: transposeRight, beta: bias == nil ? 0 : 1, c)
    } else if bias == nil {
      c.update(repeating: 0, count: m * n)
    }
    if epilogue.hasReLU { ck_f32_relu(m * n, c, c) }
  }
}

/// Convolutions as matrix products, one image at a time so that its patches stay in the second cache.
extension PlaneConvolution {
  /// `out[o, plane] = weight[o, patch] · columns[patch, plane]`
  func forward(_ x: Source, _ weight: Source, bias: Source?, relu: Bool, scratch: Target, _ out: Target) {
    let plane = outputPlane
    for image in 0..<images {
      let columns = patches(of: x + image &* imageCount, scratch)
      let target = out + image &* filters &* plane
      if let bias { for o in 0..<filters { (target + o &* plane).update(repeating: bias[o], count: plane) } }
      multiply(
        filters, plane, patch, weight, transposeA: false, columns, transposeB: false, beta: bias == nil ? 0 : 1, target)
      if relu { ck_f32_relu(filters &* plane, target, target) }
    }
  }

  /// `columns = weightᵀ · upstream`, added up pixel by pixel.
  func inputGradient(_ upstream: Source, _ weight: Source, scratch: Target, _ out: Target) {
    if !isPointwise { out.update(repeating: 0, count: images * imageCount) }
    for image in 0..<images {
      let target = out + image &* imageCount
      multiply(
        patch, outputPlane, filters, weight, transposeA: true, upstream + image &* filters &* outputPlane,
        transposeB: false, beta: 0, isPointwise ? target : scratch)
      if isPointwise { continue }
      ck_col2im_f32(
        channels, height, width, kernelHeight, kernelWidth, convolution.strideHeight, convolution.strideWidth,
        convolution.paddingHeight, convolution.paddingWidth, scratch, target)
    }
  }

  /// `weightGradient += upstream · columnsᵀ`
  func weightGradient(_ x: Source, _ upstream: Source, scratch: Target, _ out: Target) {
    if images == 0 { out.update(repeating: 0, count: filters * patch) }
    for image in 0..<images {
      let columns = patches(of: x + image &* imageCount, scratch)
      multiply(
        filters, patch, outputPlane, upstream + image &* filters &* outputPlane, transposeA: false, columns,
        transposeB: true, beta: image == 0 ? 0 : 1, out)
    }
  }

  /// `out[image] = upstream · columnsᵀ`
  func exampleGradients(_ x: Source, _ upstream: Source, scratch: Target, _ out: Target) {
    for image in 0..<images {
      let columns = patches(of: x + image &* imageCount, scratch)
      multiply(
        filters, patch, outputPlane, upstream + image &* filters &* outputPlane, transposeA: false, columns,
        transposeB: true, beta: 0, out + image &* filters &* patch)
    }
  }

  /// `|upstream · columnsᵀ|²`, directly or as `Σ (columnsᵀ·columns) ⊙ (upstreamᵀ·upstream)`, whichever is less work:
  /// Z. Bu, J. Mao and S. Xu, *Scalable and Efficient Training of Large Convolutional Neural Networks with Differential
  /// Privacy*, NeurIPS 2022.
  func exampleNorms(_ x: Source, _ upstream: Source, scratch: Target, _ out: Target) {
    let products = scratch + scratchCount
    for image in 0..<images {
      let columns = patches(of: x + image &* imageCount, scratch)
      let gradient = upstream + image &* filters &* outputPlane
      let plane = outputPlane
      guard usesGrams else {
        multiply(filters, patch, plane, gradient, transposeA: false, columns, transposeB: true, beta: 0, products)
        out[image] = ck_f32_dot(filters &* patch, products, products)
        continue
      }
      multiply(plane, plane, patch, columns, transposeA: true, columns, transposeB: false, beta: 0, products)
      let second = products + plane &* plane
      multiply(plane, plane, filters, gradient, transposeA: true, gradient, transposeB: false, beta: 0, second)
      out[image] = Swift.max(ck_f32_dot(plane &* plane, products, second), 0)
    }
  }

  private func patches(of image: Source, _ scratch: Target) -> Source {
    if isPointwise { return image }
    ck_im2col_f32(
      channels, height, width, kernelHeight, kernelWidth, convolution.strideHeight, convolution.strideWidth,
      convolution.paddingHeight, convolution.paddingWidth, image, scratch)
    return Source(scratch)
  }

  private func multiply(
    _ m: Int, _ n: Int, _ k: Int, _ a: Source, transposeA: Bool, _ b: Source, transposeB: Bool, beta: Float, _ c: Target
  ) {
    guard m > 0, n > 0 else { return }
    if k > 0 {
      BLAS.multiply(m, n, k, a, transposeA: transposeA, b, transposeB: transposeB, beta: beta, c)
    } else if beta == 0 {
      c.update(repeating: 0, count: m * n)
    }
  }
}
