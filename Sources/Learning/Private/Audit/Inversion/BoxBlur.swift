/// The mean of each pixel and its eight neighbours, along one axis after the other; what lies outside is left out.
package enum BoxBlur {
  /// - Parameter extents: channels, height and width.
  package static func apply(_ image: [Double], _ extents: [Int]) -> [Double] {
    let (height, width) = (extents[1], extents[2])
    let wide = pass(image, length: width, stride: 1)
    return pass(wide, length: height, stride: width)
  }

  private static func pass(_ image: [Double], length: Int, stride: Int) -> [Double] {
    image.indices.map { index in
      let place = index / stride % length
      var (sum, count) = (image[index], 1.0)
      if place > 0 { (sum, count) = (sum + image[index - stride], count + 1) }
      if place < length - 1 { (sum, count) = (sum + image[index + stride], count + 1) }
      return sum / count
    }
  }
}
