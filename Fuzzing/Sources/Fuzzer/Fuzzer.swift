import CFuzzer
import Crypto
import Foundation
import Tacit

/// Feeds every reader of files and of messages with mutated inputs. The first byte chooses the reader; none may trap, and what a reader
/// accepts must survive being written and read again.
@main
enum Fuzzer {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(
      LLVMFuzzerRunDriver(&count, &arguments) { data, size in
        guard let data, size > 0 else { return 0 }
        Fuzzer.feed(data[0], Array(UnsafeBufferPointer(start: data + 1, count: size - 1)))
        return 0
      })
  }

  static func feed(_ reader: UInt8, _ bytes: [UInt8]) {
    switch reader {
    case UInt8(ascii: "c"): csv(bytes)
    case UInt8(ascii: "n"):
      if let tensor = try? NPY.parse(bytes, file: "fuzz") {
        precondition((try? NPY.parse(NPY.bytes(of: tensor), file: "fuzz")) == tensor)
      }
    case UInt8(ascii: "i"): _ = try? IDX.parse(bytes, file: "fuzz", limit: 1 << 20)
    case UInt8(ascii: "p"): preprocessing(bytes)
    case UInt8(ascii: "m"): model(bytes)
    case UInt8(ascii: "j"): _ = try? Job.parse(String(decoding: bytes, as: UTF8.self))
    case UInt8(ascii: "k"): _ = try? ClusterFile(parsing: String(decoding: bytes, as: UTF8.self))
    case UInt8(ascii: "w"): policy(bytes)
    case UInt8(ascii: "l"): link(bytes)
    case UInt8(ascii: "h"): header(bytes)
    case UInt8(ascii: "a"): aggregation(bytes)
    case UInt8(ascii: "q"): paillierKey(bytes)
    case UInt8(ascii: "v"): ciphertext(bytes)
    case UInt8(ascii: "o"): onnx(bytes)
    case UInt8(ascii: "s"): safetensors(bytes)
    case UInt8(ascii: "z"): archive(bytes)
    case UInt8(ascii: "e"): keras(bytes)
    case UInt8(ascii: "d"): description(bytes)
    case UInt8(ascii: "f"): frame(bytes)
    default: break
    }
  }

  private static func csv(_ bytes: [UInt8]) {
    guard let table = try? CSV.parse(bytes, file: "fuzz"), let target = table.columnNames.last,
      let schema = try? Schema.inferred(from: table, target: target),
      let fitted = try? Preprocessing.fit(table, schema), let features = try? fitted.transform(table)
    else { return }
    precondition(features.scalars.allSatisfy(\.isFinite))
  }

  private static func preprocessing(_ bytes: [UInt8]) {
    guard let fitted = try? JSONDecoder().decode(Preprocessing.self, from: Data(bytes)),
      let table = try? Table(
        name: "fuzz", columnNames: fitted.features.map(\.name), columns: fitted.features.map { _ in ["1", nil, "a"] })
    else { return }
    _ = try? fitted.transform(table)
  }

  /// Behind a checksum that fits, so that the fuzzer gets past it.
  private static func model(_ bytes: [UInt8]) {
    var data = Data(bytes.dropLast(32))
    data.append(contentsOf: SHA256.hash(data: data))
    guard let model = try? ModelFile.parse(data) else { return }
    precondition((try? model.encoded()) != nil)
    _ = try? model.graph(batch: 3)
  }
}
