// What stores of objects answer with.

import ObjectStores

extension FuzzTarget {
    /// 1. An error names a place within the bytes.
    /// 2. A tree has the agreed bounds, and no more text than the bytes had.
    static let storeAnswers = FuzzTarget("store-answers") { bytes throws(Violation) in
        let root: XMLElement
        do throws(XMLError) { root = try XMLElement.parse(bytes) } catch {
            return try require((0...bytes.count).contains(error.offset), "\(error) in \(bytes.count) bytes")
        }
        try require(root.depth <= XMLElement.depthMax, "\(root.depth) elements in one another")
        try require(root.textLength <= bytes.count, "\(root.textLength) bytes of text from \(bytes.count)")
    }
}

extension XMLElement {
    fileprivate var depth: Int { 1 + (children.map(\.depth).max() ?? 0) }
    fileprivate var textLength: Int { text.utf8.count + children.reduce(0) { $0 + $1.textLength } }
}
