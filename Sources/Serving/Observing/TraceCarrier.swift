import Instrumentation
import Tracing

/// A trace on its way from a client to the parties: the tracer's own names and ids, nothing else.
enum TraceCarrier {
  private static let mostEntries = 8
  private static let longestName = 64
  private static let longestValue = 512

  private struct Writer: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
  }

  private struct Reader: Extractor {
    func extract(key: String, from carrier: [String: String]) -> String? {
      carrier[key] ?? carrier.first { $0.key.lowercased() == key.lowercased() }?.value
    }
  }

  /// `nil` where the tracer has nothing to tell.
  static func carrier(of context: ServiceContext, by tracer: any Tracer) -> [String: String]? {
    var carrier: [String: String] = [:]
    tracer.inject(context, into: &carrier, using: Writer())
    return carrier.isEmpty ? nil : carrier
  }

  /// The context that a client has sent; an empty one in place of what is too long to be one.
  static func context(in carrier: [String: String]?, by tracer: any Tracer) -> ServiceContext {
    var context = ServiceContext.topLevel
    guard let carrier, carrier.count <= mostEntries,
      carrier.allSatisfy({ $0.key.utf8.count <= longestName && $0.value.utf8.count <= longestValue })
    else { return context }
    tracer.extract(carrier, into: &context, using: Reader())
    return context
  }
}
