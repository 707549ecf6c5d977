/// What the columns of the named sets are, as their publishers describe them.
///
/// Public ranges are round numbers from the meaning of a column, or the bounds its publisher states.
extension NamedDataset {
  private typealias Column = Schema.Column

  private static func numbers(_ names: some Sequence<String>, missing: MissingNumber = .mean) -> [Column] {
    names.map { Column($0, .numeric(missing: missing)) }
  }

  // MARK: Credit Approval

  static let creditColumns = (1...16).map { "A\($0)" }

  /// A4 and A5 tell the same (u-g, y-p, l-gg); both are kept, as published.
  static let creditSchema = Schema(
    features: [
      category("A1", "b a"), number("A2", 0...100), number("A3", 0...30), category("A4", "u y l t"),
      category("A5", "g p gg"), category("A6", "c d cc i j k m r q w x e aa ff"),
      category("A7", "v h bb j n z dd ff o"), number("A8", 0...30), category("A9", "t f"), category("A10", "t f"),
      number("A11", 0...70), category("A12", "t f"), category("A13", "g p s"), number("A14", 0...2_000),
      number("A15", 0...100_000),
    ],
    target: Schema.Target("A16", .binary(negative: "-", positive: "+")))

  private static func number(_ name: String, _ range: ClosedRange<Double>) -> Column {
    Column(name, .numeric(range: PublicRange(range)))
  }

  private static func category(_ name: String, _ categories: String) -> Column {
    Column(name, .categorical(categories: categories.split(separator: " ").map(String.init)))
  }

  // MARK: Pima

  static let pimaColumns = [
    "Pregnancies", "Glucose", "BloodPressure", "SkinThickness", "Insulin", "BMI", "DiabetesPedigreeFunction", "Age",
    "Outcome",
  ]
  static let pimaColumnsWithMissing = ["Glucose", "BloodPressure", "SkinThickness", "Insulin", "BMI"]

  static let pimaSchema = Schema(
    features: pimaColumns.dropLast().map { name in
      Column(name, .numeric(missing: pimaColumnsWithMissing.contains(name) ? .meanWithIndicator : .mean))
    },
    target: Schema.Target("Outcome", .binary(negative: "0", positive: "1")))

  // MARK: Boston

  static let bostonColumns = [
    "CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT", "MEDV",
  ]
  static let bostonSchema = Schema(
    features: numbers(bostonColumns.dropLast()), target: Schema.Target("MEDV", .numeric(isStandardised: true)))

  // MARK: Iris

  static let irisColumns = ["sepal length", "sepal width", "petal length", "petal width", "class"]
  static let irisSchema = Schema(
    features: numbers(irisColumns.dropLast()),
    target: Schema.Target("class", .classes(["Iris-setosa", "Iris-versicolor", "Iris-virginica"])))

  // MARK: Wisconsin

  private static let wdbcFeatures: [String] = ["mean", "error", "worst"].flatMap { statistic in
    [
      "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave points", "symmetry",
      "fractal dimension",
    ].map { "\(statistic) \($0)" }
  }
  static let wdbcColumns = ["id", "diagnosis"] + wdbcFeatures
  /// The id is no feature.
  static let wdbcSchema = Schema(
    features: numbers(wdbcFeatures), target: Schema.Target("diagnosis", .binary(negative: "B", positive: "M")))

  // MARK: German credit

  static let germanColumns = [
    "account status", "duration", "credit history", "purpose", "amount", "savings", "employment", "instalment rate",
    "personal status", "other debtors", "residence", "property", "age", "other instalments", "housing",
    "existing credits", "job", "dependants", "telephone", "foreign worker", "class",
  ]
  private static let germanNumbers: Set<String> = [
    "duration", "amount", "instalment rate", "residence", "age", "existing credits", "dependants",
  ]
  /// A bad risk, 2, is the positive class.
  static let germanSchema = Schema(
    features: germanColumns.dropLast().map { Column($0, germanNumbers.contains($0) ? .numeric() : .categorical()) },
    target: Schema.Target("class", .binary(negative: "1", positive: "2")))

  // MARK: Adult

  static let adultColumns = [
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship", "race",
    "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
  ]
  private static let adultNumbers: Set<String> = [
    "age", "education-num", "capital-gain", "capital-loss", "hours-per-week",
  ]
  private static let adultColumnsWithMissing: Set<String> = ["workclass", "occupation", "native-country"]
  /// The sampling weight, fnlwgt, is no feature.
  static let adultSchema = Schema(
    features: adultColumns.dropLast().filter { $0 != "fnlwgt" }.map { name in
      adultNumbers.contains(name)
        ? Column(name, .numeric())
        : Column(name, .categorical(missing: adultColumnsWithMissing.contains(name) ? .ownCategory : .allZeros))
    },
    target: Schema.Target("income", .binary(negative: "<=50K", positive: ">50K")))
}
