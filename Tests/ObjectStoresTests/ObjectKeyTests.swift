// Which texts are keys, and their order.

import ObjectStores
import Testing

@Suite struct ObjectKeyTests {
    @Test func `a key leads nowhere else`() {
        for text in ["a", "a/b", "log/1-ab/00-01.run", "x_y=z+1.json"] { #expect(ObjectKey(text)?.text == text) }
        let refused = [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/.hidden", "a b", "a\\b", "a\0", "ä", "a:b",
            "a%2e",
            String(repeating: "a", count: 513),
        ]
        for text in refused { #expect(ObjectKey(text) == nil, "\(text)") }
    }

    @Test func `keys are in the order of their bytes`() {
        let texts = ["a", "a-b", "a/b", "a0", "b"]
        #expect(texts.shuffled().compactMap { ObjectKey($0) }.sorted().map(\.text) == texts)
    }
}
