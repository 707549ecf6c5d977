import Datasets
import Foundation
import Graphs
public import Serving

/// What a page must know of a model and its parties; all of it is public to whoever may ask.
public struct PageBundle: Sendable, Encodable {
  /// Where a page has its tokens from.
  public enum Tokens: String, Sendable, Encodable {
    /// From its own server, one for each question.
    case server
    /// From its visitor, who was given one.
    case visitor
  }

  let title: String
  let model: String
  /// ``ModelCard/key``: which sharing of the model.
  let key: String
  let fractionBits: Int
  let inputRange: InputRange?
  let preprocessing: Preprocessing
  /// In their order.
  let parties: [PartyPage]
  let tokens: Tokens
  /// What is shown in place of names of columns, categories and labels.
  let texts: [String: String]

  /// - Parameter texts: each `NAME=TEXT`.
  /// - Throws: ``PageError`` where the model's form is not published, or a text is none.
  public init(
    _ card: ModelCard, parties: [PartyPage], tokens: Tokens, title: String? = nil, texts: [String] = []
  ) throws(PageError) {
    guard let preprocessing = card.preprocessing else { throw .notPublished(model: card.name) }
    self.title = title ?? card.name
    model = card.name
    key = card.key
    fractionBits = card.fractionBits
    inputRange = card.inputRange
    self.preprocessing = preprocessing
    self.parties = parties
    self.tokens = tokens
    var pairs: [String: String] = [:]
    for text in texts {
      guard let sign = text.firstIndex(of: "="), sign > text.startIndex else { throw .text(text) }
      pairs[String(text[..<sign])] = String(text[text.index(after: sign)...])
    }
    self.texts = pairs
  }

  /// A module of JavaScript: JSON, of which every text is an expression of that language.
  var module: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      return "export default " + String(decoding: try encoder.encode(self), as: UTF8.self) + ";\n"
    }
  }

  /// What the page may load, and whom it may talk to: its own files, and the parties.
  var contentSecurityPolicy: String {
    let own = tokens == .server ? ["'self'"] : []
    let addresses = (own + parties.map(\.url)).joined(separator: " ")
    return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src \(addresses); "
      + "base-uri 'none'; form-action 'none'"
  }
}
