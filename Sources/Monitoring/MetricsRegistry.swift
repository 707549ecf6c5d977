public import CoreMetrics
import NIOConcurrencyHelpers

/// The metrics of one server of this process, for swift-metrics to write to and Prometheus to read.
///
/// Given to a server, not bootstrapped for the process, so that several servers of one process keep apart.
public final class MetricsRegistry: MetricsFactory {
  enum Cell: Sendable {
    case counter(CounterCell)
    case gauge(GaugeCell)
    case histogram(HistogramCell)
  }

  struct Series: Sendable {
    let label: String
    let dimensions: [Dimension]
    let cell: Cell
  }

  struct Dimension: Hashable, Sendable {
    let name: String
    let value: String
  }

  private struct Key: Hashable {
    let label: String
    let dimensions: [Dimension]
  }

  private let series = NIOLockedValueBox<[Key: Series]>([:])
  /// What to say of metrics, by their names.
  let descriptions: [String: String]

  /// A bound on what names that others choose can make the registry hold; what is beyond it is not shown.
  static let mostSeries = 4096
  /// Seconds.
  static let durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
  static let sizes = (0...12).map { Double(1 << $0) }

  /// - Parameter descriptions: one sentence for each name of a metric.
  public init(descriptions: [String: String] = [:]) { self.descriptions = descriptions }

  /// All series, by name and then by their dimensions.
  var contents: [Series] {
    series.withLockedValue { Array($0.values) }.sorted {
      ([$0.label] + $0.dimensions.map(\.value)).lexicographicallyPrecedes([$1.label] + $1.dimensions.map(\.value))
    }
  }

  private func cell(_ label: String, _ dimensions: [(String, String)], _ make: () -> Cell) -> Cell {
    let key = Key(label: label, dimensions: dimensions.map { Dimension(name: $0.0, value: $0.1) })
    return series.withLockedValue { series in
      if let known = series[key] { return known.cell }
      let made = make()
      if series.count < Self.mostSeries {
        series[key] = Series(label: label, dimensions: key.dimensions, cell: made)
      }
      return made
    }
  }

  private func remove(_ handler: AnyObject) {
    series.withLockedValue { series in series = series.filter { $0.value.cell.object !== handler } }
  }

  /// Sets a gauge.
  public func show(_ value: Int, as label: String, _ dimensions: [(String, String)] = []) {
    gauge(label, dimensions).set(Int64(value))
  }

  // MARK: For swift-metrics

  private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterCell {
    guard case .counter(let cell) = cell(label, dimensions, { .counter(CounterCell()) }) else { return CounterCell() }
    return cell
  }

  private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeCell {
    guard case .gauge(let cell) = cell(label, dimensions, { .gauge(GaugeCell()) }) else { return GaugeCell() }
    return cell
  }

  private func histogram(_ label: String, _ dimensions: [(String, String)], _ bounds: [Double]) -> HistogramCell {
    guard case .histogram(let cell) = cell(label, dimensions, { .histogram(HistogramCell(bounds: bounds)) }) else {
      return HistogramCell(bounds: bounds)
    }
    return cell
  }

  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    counter(label, dimensions)
  }

  public func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler { counter(label, dimensions) }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { gauge(label, dimensions) }

  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    aggregate ? histogram(label, dimensions, Self.sizes) : gauge(label, dimensions)
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, dimensions, Self.durations)
  }

  public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
  public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
  public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
  public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}

extension MetricsRegistry.Cell {
  var object: AnyObject {
    switch self {
    case .counter(let cell): cell
    case .gauge(let cell): cell
    case .histogram(let cell): cell
    }
  }

  /// As the text form names it.
  var kind: String {
    switch self {
    case .counter: "counter"
    case .gauge: "gauge"
    case .histogram: "histogram"
    }
  }
}
