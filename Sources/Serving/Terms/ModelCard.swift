public import Datasets
public import Foundation
public import Graphs
public import Tensors

/// What a client needs to know of a shared model in order to ask it. All of it is public to clients that may ask.
public struct ModelCard: Hashable, Sendable, Codable {
  public var name: String
  /// Names this sharing of the model: `name@version#digest` of all that is public to the parties.
  public var key: String
  public var inputName: String
  /// Of one example, without the batch axis.
  public var exampleShape: Shape
  /// Of the answer to one example, without the batch axis.
  public var outputShape: Shape
  public var fractionBits: Int
  /// What inputs must lie in; their owner checks it, as the parties cannot.
  public var inputRange: InputRange?
  /// How rows of a table become inputs, and numbers labels, where the owner has published it.
  public var preprocessing: Preprocessing?
  public var expires: Date?

  /// Labels of classes, where they are published.
  public var labels: [String]? { preprocessing?.targetTransform.labels }

  /// The shape of the answer to a batch.
  public func outputShape(batch: Int) -> Shape { Shape([batch] + outputShape.extents) }
}

/// A shared model in a list, as one client sees it.
public struct ModelListing: Hashable, Sendable, Codable {
  /// What its owner sees besides.
  public struct Details: Hashable, Sendable, Codable {
    public var terms: ModelTerms
    /// Requests that were answered.
    public var requests: Int
    /// By the client's certificate.
    public var requestsByClient: [String: Int]
  }

  public var name: String
  /// `nil` where a party cannot serve the model.
  public var card: ModelCard?
  /// Requests that the asking client has left; `nil` where nothing limits them.
  public var requestsLeft: Int?
  /// For the owner.
  public var details: Details?
  /// Why the model is not served, if it is not.
  public var fault: String?

  /// The same model as two parties see it.
  func merged(with other: ModelListing, party: Int) -> ModelListing {
    var merged = self
    merged.requestsLeft = [requestsLeft, other.requestsLeft].compactMap { $0 }.min()
    if merged.fault == nil { merged.fault = other.fault }
    if merged.fault == nil, card != other.card {
      merged.fault = "party \(party) holds another model of this name than party 0: its owner must share it again"
    }
    if let details, let others = other.details {
      merged.details?.requests = max(details.requests, others.requests)
    }
    if merged.fault != nil { merged.card = nil }
    return merged
  }
}

extension ModelOffer {
  /// The description for clients.
  func card(key: String) throws -> ModelCard {
    ModelCard(
      name: name, key: key, inputName: description.inputName, exampleShape: description.exampleShape,
      outputShape: try description.outputShape, fractionBits: description.fractionBits,
      inputRange: description.inputRange, preprocessing: preprocessing, expires: terms.expires)
  }
}

extension SharedModel.Description {
  /// Without the batch axis.
  var exampleShape: Shape { Shape(Array((graph.shape(ofInput: inputName) ?? [1]).extents.dropFirst())) }

  /// Of the answer to one example, without the batch axis.
  ///
  /// - Throws: ``ServingError/badRequest(_:)`` where there is no such axis.
  var outputShape: Shape {
    get throws {
      let shape = graph.nodes[graph.outputs[0]].shape
      guard shape.rank > 0, shape[0] == 1 else {
        throw ServingError.badRequest("the model's output must have the examples as its first axis")
      }
      return Shape(Array(shape.extents.dropFirst()))
    }
  }
}
