/// What a layer does; weights are named data elsewhere.
///
/// | layer          | an example before    | an example after      | weights                                       |
/// | -------------- | -------------------- | --------------------- | --------------------------------------------- |
/// | `dense`        | `[in]`               | `[units]`             | `weight [in, units]`, `bias [units]`          |
/// | `conv2d`       | `[c, h, w]`          | `[filters, h', w']`   | `weight [filters, c, k, k]`, `bias [filters]` |
/// | pooling        | `[c, h, w]`          | `[c, h', w']`         |                                               |
/// | `flatten`      | any                  | `[count]`             |                                               |
/// | `batchNorm`    | `[n]` or `[c, h, w]` | the same              | `weight` and `bias` `[n]` or `[c]`, statistics |
/// | `groupNorm`    | `[n]` or `[c, h, w]` | the same              | `weight` and `bias` `[n]` or `[c]`            |
/// | `layerNorm`    | any but `[]`         | the same              | `weight` and `bias` `[n]` or `[c]`            |
/// | the others     | any                  | the same              |                                               |
///
/// The three normalisations give `(x − μ) / √(σ² + 10⁻⁵) · weight + bias`, as PyTorch does; they differ in what the mean μ
/// and the variance σ² are taken over.
public enum LayerSpec: Hashable, Sendable, Codable {
  case dense(units: Int)
  /// A square kernel; zeros are padded on every side.
  case conv2d(filters: Int, kernel: Int, stride: Int = 1, padding: Int = 0)
  /// A square window that tiles the plane unless a stride is given.
  case averagePool(window: Int, stride: Int? = nil)
  case maxPool(window: Int, stride: Int? = nil)
  case flatten
  /// In training, each value is 0 with probability `rate` and else divided by `1 − rate`.
  case dropout(rate: Double)
  case relu
  case sigmoid
  case tanh
  /// Exact; see ``Operation/gelu``.
  case gelu
  /// Statistics of each feature or channel. In training they are those of the batch, of at least two values; prediction
  /// reads running ones, `mean` and `variance`, which each step of training moves by a tenth towards the batch's mean and
  /// unbiased variance: S. Ioffe and C. Szegedy, *Batch Normalization*, ICML 2015.
  case batchNorm
  /// Statistics of each example: of an image over all its pixels, with a weight for each channel; of anything else along
  /// the last axis. J. L. Ba, J. R. Kiros and G. E. Hinton, *Layer Normalization*, 2016.
  case layerNorm
  /// Statistics of each example over groups of neighbouring channels or features: Y. Wu and K. He, *Group Normalization*,
  /// ECCV 2018. Their number must divide that of the channels.
  case groupNorm(groups: Int)
  /// Along the last axis.
  case softmax

  /// The kind, which layers are numbered by: `dense1`, `dense2`, `conv1`.
  public var kind: String {
    switch self {
    case .dense: "dense"
    case .conv2d: "conv"
    case .averagePool: "averagePool"
    case .maxPool: "maxPool"
    case .flatten: "flatten"
    case .dropout: "dropout"
    case .relu: "relu"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .gelu: "gelu"
    case .batchNorm: "batchNorm"
    case .layerNorm: "layerNorm"
    case .groupNorm: "groupNorm"
    case .softmax: "softmax"
    }
  }

  /// Why the settings make no layer, or `nil`.
  var fault: String? {
    func isPositive(_ number: Int) -> Bool { (1...1 << 20).contains(number) }
    switch self {
    case .dense(let units): return isPositive(units) ? nil : "units must be between 1 and 2^20"
    case .conv2d(let filters, let kernel, let stride, let padding):
      guard isPositive(filters), isPositive(kernel), isPositive(stride), (0...1 << 20).contains(padding) else {
        return "filters, kernel and stride must be between 1 and 2^20, and padding not negative"
      }
      return nil
    case .averagePool(let window, let stride), .maxPool(let window, let stride):
      return isPositive(window) && isPositive(stride ?? 1) ? nil : "window and stride must be between 1 and 2^20"
    case .dropout(let rate): return rate >= 0 && rate < 1 ? nil : "the rate must be at least 0 and below 1"
    case .groupNorm(let groups): return isPositive(groups) ? nil : "groups must be between 1 and 2^20"
    case .flatten, .relu, .sigmoid, .tanh, .gelu, .batchNorm, .layerNorm, .softmax: return nil
    }
  }
}
