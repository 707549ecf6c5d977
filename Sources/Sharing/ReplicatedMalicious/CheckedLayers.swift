/// Which layer of a model each part of what waits for a check serves. Public.
struct CheckedLayers {
  /// How much is kept at some moment.
  struct Place {
    var scalars = 0
    var forms = 0
    var moves = 0
    /// Words of gates.
    var gates = 0
  }

  /// What was kept from one moment to another.
  struct Part {
    let start: Place
    let end: Place
  }

  private var starts: [(layer: String, place: Place)] = []

  mutating func enter(_ layer: String, at place: Place) {
    if starts.last?.layer != layer { starts.append((layer, place)) }
  }

  /// Forgets what was checked; what comes next serves the layer that was entered last.
  mutating func removeAll() { starts = starts.suffix(1).map { ($0.layer, Place()) } }

  /// Layers that have names, in the order in which they came first, each with all of its parts.
  func parts(end: Place) -> [(layer: String, parts: [Part])] {
    var layers: [(layer: String, parts: [Part])] = []
    for (index, (layer, start)) in starts.enumerated() where !layer.isEmpty {
      let part = Part(start: start, end: index + 1 < starts.count ? starts[index + 1].place : end)
      if let known = layers.firstIndex(where: { $0.layer == layer }) {
        layers[known].parts.append(part)
      } else {
        layers.append((layer, [part]))
      }
    }
    return layers
  }
}
