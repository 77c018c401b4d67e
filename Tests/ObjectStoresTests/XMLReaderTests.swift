// Documents of stores, and bytes that are none.

import ObjectStores
import Testing
import Vocabulary

@Suite struct XMLReaderTests {
    private func parse(_ text: String) throws(XMLError) -> XMLElement { try XMLElement.parse(Array(text.utf8)) }

    @Test func `a document is a tree of names and texts`() throws {
        let text = """
            \u{FEFF}<?xml version="1.0" encoding="UTF-8"?>
            <!-- a comment -->
            <a:List xmlns:a="http://x/?>" b='"'><Key>x &lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x1F600;</Key><Empty/>
            <Key ><![CDATA[<&]]]]><![CDATA[>]]>z</Key></a:List >
            <!-- behind -->
            """
        let root = try parse(text)
        #expect(root.name == "List")
        #expect(root.children.map(\.name) == ["Key", "Empty", "Key"])
        #expect(root.children.map(\.text) == ["x <>&\"'AB😀", "", "<&]]>z"])
    }

    @Test(arguments: [
        "", " ", "text", "<", "<a", "<a>", "<a/", "<a></b>", "<a></a", "<a/><b/>", "<a/>x", "<a b></a>", "<a b=c></a>",
        "<a b=\"c></a>", "<a>&b;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>", "<a>&amp</a>", "<a>&</a>", "<a>&#;</a>",
        "<!DOCTYPE a><a/>", "<a><!ENTITY></a>", "<a><![CDATA[</a>", "<a><!--</a>", "<?xml", "</a>", "<a:b></a:c>",
        "< a/>", "<a>&#-1;</a>", "<a>&#+65;</a>", "<a>&#x+1;</a>",
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: XMLError.self) { try parse(text) }
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        #expect(throws: XMLError.self) { try XMLElement.parse(Array("<a>".utf8) + [0xFF] + Array("</a>".utf8)) }
    }

    @Test func `depth, number and names have bounds`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        _ = try parse(nested(XMLElement.depthMax))
        #expect(throws: XMLError.self) { try parse(nested(XMLElement.depthMax + 1)) }
        #expect(throws: XMLError.self) { try parse(nested(100_000)) }
        let many = { (count: Int) in "<a>" + String(repeating: "<b/>", count: count) + "</a>" }
        _ = try parse(many(XMLElement.elementsMax - 1))
        #expect(throws: XMLError.self) { try parse(many(XMLElement.elementsMax)) }
        let name = String(repeating: "n", count: XMLElement.nameMax)
        _ = try parse("<\(name)/>")
        #expect(throws: XMLError.self) { try parse("<\(name)n/>") }
    }

    @Test func `every cut and every changed byte of a document gives a tree or an error within it`() {
        let text = "<?xml version='1.0'?><L x=\"y\"><!-- c --><K>a&amp;b&#x41;</K><![CDATA[<]]><E/></L>"
        let whole = Array(text.utf8)
        var inputs = whole.indices.map { Array(whole[..<$0]) }
        for position in whole.indices {
            for byte in [UInt8(0), 0x26, 0x3C, 0x3E, 0x2F, 0x21, 0x3F, 0x5D, 0xFF, whole[position] ^ 1] {
                var changed = whole
                changed[position] = byte
                inputs.append(changed)
            }
        }
        var random = SplitMix64(seed: 7)
        let letters = Array("<>/&;!?-[]=\"' aCDAT#x0".utf8)
        for _ in 0..<20_000 {
            inputs.append((0..<random.below(40)).map { _ in letters[random.below(letters.count)] })
        }
        for input in inputs {
            do throws(XMLError) { _ = try XMLElement.parse(input) } catch {
                #expect((0...input.count).contains(error.offset))
            }
        }
    }
}
