/// A file of a named set as its publisher has it.
public struct PublishedFile: Hashable, Sendable {
  /// In the set's folder.
  public let name: String
  /// Where it is, the publisher's own address first.
  public let addresses: [String]
  public let byteCount: Int
  /// In hexadecimal.
  public let sha256: String

  package init(name: String, addresses: [String], byteCount: Int, sha256: String) {
    (self.name, self.addresses, self.byteCount, self.sha256) = (name, addresses, byteCount, sha256)
  }
}

extension NamedDataset {
  /// The files that reading the set needs; `nil` where no publisher has them today.
  public var publishedFiles: [PublishedFile]? {
    switch self {
    case .creditApproval:
      [
        Self.uci(
          "crx.data", "credit-screening/crx.data", 32_218,
          "fff49bc186cbddb3ace7371d40d9fbbb3af4f126019c13ff3f562249b1454f4d")
      ]
    case .iris:
      [
        Self.uci(
          "iris.csv", "iris/iris.data", 4551, "6f608b71a7317216319b4d27b4d9bc84e6abd734eda7872b71a458569e2656c0")
      ]
    case .wdbc:
      [
        Self.uci(
          "wdbc.data", "breast-cancer-wisconsin/wdbc.data", 124_103,
          "d606af411f3e5be8a317a5a8b652b425aaf0ff38ca683d5327ffff94c3695f4a")
      ]
    case .germanCredit:
      [
        Self.uci(
          "german.data", "statlog/german/german.data", 79_793,
          "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871")
      ]
    case .adult:
      [
        Self.uci(
          "adult.data", "adult/adult.data", 3_974_305,
          "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d"),
        Self.uci(
          "adult.test", "adult/adult.test", 2_003_153,
          "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05"),
      ]
    case .mnist:
      [
        Self.digits(
          "train-images-idx3-ubyte.gz", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        Self.digits(
          "train-labels-idx1-ubyte.gz", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        Self.digits(
          "t10k-images-idx3-ubyte.gz", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        Self.digits(
          "t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
      ]
    case .boston:
      [
        Self.uci(
          "housing.data", "housing/housing.data", 49_082,
          "baadf72995725d76efe787b664e1f083388c79ba21ef9a7990d87f774184735a")
      ]
    case .shakespeare:
      [
        PublishedFile(
          name: "tinyshakespeare.txt",
          addresses: ["https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"],
          byteCount: 1_115_394, sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed")
      ]
    case .pima: nil
    }
  }

  /// Where files are to be had that no publisher has today.
  public var otherSource: String? {
    switch self {
    case .pima:
      "UCI withdrew the set; the file pima-indians-diabetes.csv of github.com/jbrownlee/Datasets, whose SHA-256 is "
        + "6bfe5d0f379d17a0e0819b996407e3c09bf80febd4287f2ed212190dfff154af, is a copy of it"
    case .creditApproval, .boston, .iris, .wdbc, .germanCredit, .adult, .mnist, .shakespeare: nil
    }
  }

  private static func uci(_ name: String, _ path: String, _ byteCount: Int, _ sha256: String) -> PublishedFile {
    PublishedFile(
      name: name, addresses: ["https://archive.ics.uci.edu/ml/machine-learning-databases/" + path],
      byteCount: byteCount, sha256: sha256)
  }

  /// The publisher's server is often closed; the second address is the mirror of PyTorch's authors.
  private static func digits(_ name: String, _ byteCount: Int, _ sha256: String) -> PublishedFile {
    PublishedFile(
      name: name,
      addresses: [
        "https://yann.lecun.com/exdb/mnist/" + name, "https://ossci-datasets.s3.amazonaws.com/mnist/" + name,
      ], byteCount: byteCount, sha256: sha256)
  }
}
