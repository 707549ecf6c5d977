import Datasets
import Foundation
import Tensors
import Testing

@Suite struct PreprocessingTests {
  func table(_ text: String) throws -> Table {
    try CSV.parse(Array(text.utf8), file: "t.csv", format: CSVFormat(separator: .comma, header: .present))
  }

  let schema = Schema(
    features: [
      .init("n", .numeric(missing: .meanWithIndicator)),
      .init("c", .categorical(missing: .ownCategory)),
      .init("r", .numeric(range: PublicRange(0...10))),
    ],
    target: .init("y", .binary(negative: "no", positive: "yes")))

  /// By hand: n has mean 3 and population deviation √(8/3)… of 1, 3, 5; r is clipped to 0, 10, 5, 5 first.
  @Test func standardisesAndEncodes() throws {
    let train = try table("y,n,c,r\nyes,1,b,-4\nno,3,a,99\nno,?,b,5\nyes,5,?,5\n")
    let fitted = try Preprocessing.fit(train, schema)
    #expect(fitted.featureNames == ["n", "n missing", "c=a", "c=b", "c missing", "r"])
    let n = Float(2 / (8.0 / 3).squareRoot())
    let r = Float(5 / 12.5.squareRoot())
    let expected: [Float] = [
      -n, 0, 0, 1, 0, -r,
      0, 0, 1, 0, 0, r,
      0, 1, 0, 1, 0, 0,
      n, 0, 0, 0, 1, 0,
    ]
    let features = try fitted.transform(train)
    #expect(features.shape == [4, 6])
    for (a, b) in zip(features.scalars, expected) { #expect(abs(a - b) < 1e-6) }
    #expect(try fitted.targetTransform.targets(of: train) == .binary(Tensor(shape: [4, 1], scalars: [1, 0, 0, 1])))
  }

  /// Clipped to [1, 100] and on its logarithms' scale, of which 0 is the middle, 10: declared -1, 0, 1 at 1, 10, 100.
  @Test func logarithmicRanges() throws {
    let rows = try table("y,x\n1,0.01\n2,10\n3,31.6227766\n4,1000\n")
    let kind = Schema.Kind.numeric(range: try PublicRange(1, 100, scale: .logarithmic))
    let schema = Schema(features: [.init("x", kind)], target: .init("y", .numeric()))
    let declared = try Preprocessing.declared(by: schema).transform(rows).scalars
    for (a, b) in zip(declared, [-1, 0, 0.5, 1] as [Float]) { #expect(abs(a - b) < 1e-6) }
    // Of -1, 0, 1/2, 1 the mean is 1/8 and the variance 9/16 - 1/64.
    let fitted = try Preprocessing.fit(rows, schema)
    let deviation = Float((9.0 / 16 - 1.0 / 64).squareRoot())
    for (a, b) in zip(try fitted.transform(rows).scalars, declared) { #expect(abs(a - (b - 0.125) / deviation) < 1e-6) }
    let written = try JSONEncoder().encode(fitted)
    #expect(String(decoding: written, as: UTF8.self).contains("[1,100,\"log\"]"))
    #expect(try JSONDecoder().decode(Preprocessing.self, from: written) == fitted)
    #expect(throws: DatasetError.self) { try PublicRange(0, 10, scale: .logarithmic) }
  }

  @Test func predictsOnNewRowsWithTheFittedStatistics() throws {
    let fitted = try Preprocessing.fit(table("y,n,c,r\nyes,1,b,0\nno,3,a,10\n"), schema)
    // No target, another order, a further column, an unknown category, a missing number, one outside the range.
    let features = try fitted.transform(table("r,extra,c,n\n50,x,zzz,NA\n"))
    #expect(features.scalars == [0, 1, 0, 0, 0, 1])
    #expect(
      message { _ = try fitted.transform(table("r,c\n1,a\n")) }
        == "t.csv has no column n: check the name, or whether the first line is a header.")
  }

  @Test func constantsBecomeZeros() throws {
    let constant = try table("y,x\n1,0.1\n2,0.1\n3,0.1\n")
    let schema = Schema(features: [.init("x", .numeric())], target: .init("y", .numeric(isStandardised: true)))
    let data = try Preprocessing.fit(constant, schema).dataset(of: constant, name: "t", source: "")
    #expect(data.features.scalars.allSatisfy { abs($0) < 1e-6 })
    let deviation = Float((2.0 / 3).squareRoot())
    #expect(zip(data.targets.tensor.scalars, [-1, 0, 1] as [Float]).allSatisfy { abs($0 - $1 / deviation) < 1e-6 })
  }

  @Test func valuesComeBackInTheUnitOfTheTarget() throws {
    let rows = try table("y,x\n10,1\n20,2\n60,3\n")
    let schema = Schema(features: [.init("x", .numeric())], target: .init("y", .numeric(isStandardised: true)))
    let fitted = try Preprocessing.fit(rows, schema)
    let outputs = try fitted.targetTransform.targets(of: rows).tensor.scalars
    for (output, value) in zip(outputs, [10.0, 20, 60]) {
      #expect(abs(fitted.targetTransform.value(of: output) - value) < 1e-4)
    }
  }

  @Test func policiesThatRefuse() throws {
    let refusing = Schema(
      features: [
        .init("n", .numeric(missing: .refused)),
        .init("c", .categorical(categories: ["a"], missing: .refused, unknown: .refused)),
      ], target: .init("y", .classes(["u", "v"])))
    let fitted = try Preprocessing.fit(table("y,n,c\nu,1,a\nv,2,a\n"), refusing)
    func fault(_ row: String) -> String {
      message { _ = try fitted.dataset(of: table("y,n,c\n" + row), name: "t", source: "") }
    }
    let missing = "the cell is missing and the column allows no missing values; fill it in."
    #expect(fault("u,?,a") == "t.csv, line 2, column n: \(missing)")
    #expect(fault("u,1,?") == "t.csv, line 2, column c: \(missing)")
    #expect(fault("?,1,a") == "t.csv, line 2, column y: \(missing)")
    #expect(
      fault("u,1,b")
        == "t.csv, line 2, column c: the category is not among those of the column; correct it, or let unknown ones be "
        + "zeros.")
    #expect(
      fault("w,1,a") == "t.csv, line 2, column y: the label is not among those of the target; correct it.")
    #expect(fault("u,1,a") == "no error")
  }

  @Test func refusesWhatCannotBeFitted() throws {
    let numeric = Schema(features: [.init("x", .numeric())], target: .init("y", .classes()))
    #expect(
      message { _ = try Preprocessing.fit(table("y,x\nu,?\nv,?\n"), numeric) }
        == "t.csv, column x: all its cells are missing; leave the column out.")
    #expect(
      message { _ = try Preprocessing.fit(table("y,x\nu,1\nu,2\n"), numeric) }
        == "t.csv, column y: it has 1 classes and should have 2 to 1000; choose another target.")
    let identifiers = "y,x\n" + (0..<1_001).map { "u,id\($0)\n" }.joined()
    let categorical = Schema(features: [.init("x", .categorical())], target: .init("y", .classes(["u", "v"])))
    #expect(
      message { _ = try Preprocessing.fit(table(identifiers), categorical) }
        == "t.csv, column x: it has 1001 categories; leave the column out, or declare its categories.")
    let circular = Schema(features: [.init("y", .numeric())], target: .init("y", .numeric()))
    #expect(
      message { _ = try Preprocessing.fit(table("y\n1\n"), circular) }
        == "Column y is both a feature and the target; leave one out.")
  }

  @Test func declaredPreprocessingNeedsNoRows() throws {
    let fitted = try Preprocessing.declared(by: SyntheticCredit.schema)
    let features = try fitted.transform(SyntheticCredit.table(rows: 200))
    #expect(features.scalars.allSatisfy { (-1...1).contains($0) })
    #expect(
      message { _ = try Preprocessing.declared(by: schema) }
        == "Column n declares no public range; declare one, or fit on rows that are public.")
  }

  @Test func infersKinds() throws {
    let rows = try table("id,n,c,y\n7,1.5,a,+\n8,?,b,-\n9,2,?,+\n")
    let inferred = try Schema.inferred(from: rows, target: "y", ignoring: ["id"])
    #expect(
      inferred
        == Schema(
          features: [
            .init("n", .numeric(missing: .meanWithIndicator)), .init("c", .categorical(missing: .ownCategory)),
          ], target: .init("y", .binary(negative: "-", positive: "+"))))
    #expect(try Schema.inferred(from: rows, target: "n").target.kind == .binary(negative: "1.5", positive: "2"))
    #expect(try Schema.inferred(from: rows, target: "id").target.kind == .numeric())
  }
}

@Suite struct StoredPreprocessingTests {
  @Test func survivesStorage() throws {
    let table = SyntheticCredit.table(rows: 300)
    let fitted = try Preprocessing.fit(table, SyntheticCredit.schema)
    let stored = try JSONEncoder().encode(fitted)
    let read = try JSONDecoder().decode(Preprocessing.self, from: stored)
    #expect(read == fitted)
    #expect(try read.transform(table) == fitted.transform(table))
  }

  static let stored = """
    {"version":1,"features":[{"name":"n","numeric":{"mean":1.5,"deviation":2,"range":[0,10],"missing":"mean"}},\
    {"name":"c","categorical":{"categories":["a","b"],"missing":"allZeros","unknown":"refused"}}],\
    "target":{"name":"y","binary":["-","+"]}}
    """

  /// The stored form is a contract: these very bytes must be written and read by every later version.
  @Test func hasAStableForm() throws {
    let fitted = try Preprocessing(
      features: [
        FittedFeature(
          name: "n",
          encoding: .numeric(NumericEncoding(mean: 1.5, deviation: 2, range: PublicRange(0, 10), missing: .mean))),
        FittedFeature(
          name: "c",
          encoding: .categorical(
            CategoricalEncoding(categories: ["a", "b"], missing: .allZeros, unknown: .refused))),
      ], targetTransform: TargetTransform(name: "y", kind: .binary(negative: "-", positive: "+")))
    #expect(try JSONDecoder().decode(Preprocessing.self, from: Data(Self.stored.utf8)) == fitted)
    let written = try JSONSerialization.jsonObject(with: JSONEncoder().encode(fitted)) as? NSDictionary
    let expected = try JSONSerialization.jsonObject(with: Data(Self.stored.utf8)) as? NSDictionary
    #expect(written == expected && written != nil)
  }

  @Test(arguments: [
    ("\"version\":1", "\"version\":2"), ("\"deviation\":2", "\"deviation\":0"), ("\"deviation\":2", "\"deviation\":-1"),
    ("\"mean\":1.5", "\"mean\":1e300"), ("[0,10]", "[10,0]"), ("[0,10]", "[0]"), ("[0,10]", "[0,10,20]"),
    ("[0,10]", "[0,10,\"log\"]"), ("[0,10]", "[1,10,\"other\"]"),
    ("[0,10]", "[0,1e300]"), ("[\"a\",\"b\"]", "[\"a\",\"a\"]"), ("[\"a\",\"b\"]", "[]"), ("[\"a\",\"b\"]", "[\"\"]"),
    ("[\"-\",\"+\"]", "[\"-\"]"), ("[\"-\",\"+\"]", "[\"-\",\"-\"]"), ("\"binary\"", "\"other\""),
    ("\"name\":\"c\"", "\"name\":\"n\""), ("\"name\":\"y\"", "\"name\":\"n\""), ("\"name\":\"n\"", "\"name\":\"\""),
    ("\"missing\":\"mean\"", "\"missing\":\"none\""), ("\"numeric\"", "\"number\""),
    ("\"binary\":[\"-\",\"+\"]", "\"classes\":[\"-\"]"),
    ("\"binary\":[\"-\",\"+\"]", "\"numeric\":{\"mean\":0,\"deviation\":0}"),
  ])
  func refusesWhatNoFitGives(part: String, damage: String) {
    let damaged = Self.stored.replacing(part, with: damage)
    #expect(damaged != Self.stored)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(Preprocessing.self, from: Data(damaged.utf8)) }
  }

  @Test func boundsWhatItReads() {
    let labels = (0..<70_000).map { "\"l\($0)\"" }.joined(separator: ",")
    let long = "\"\(String(repeating: "x", count: 5_000))\",\"y\""
    for classes in [labels, long] {
      let text = Self.stored.replacing("\"binary\":[\"-\",\"+\"]", with: "\"classes\":[\(classes)]")
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(Preprocessing.self, from: Data(text.utf8)) }
    }
  }
}
