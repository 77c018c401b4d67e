// What the package pulls in from others: few things, by name, and never an event loop that is not ours.

import Foundation
import Testing

/// `Package.resolved` as far as tidy reads it.
private struct Resolution: Decodable {
    struct Pin: Decodable {
        let identity: String
        let location: String
    }
    let pins: [Pin]
}

@Suite struct DependencyTests {
    /// Each with the reason that it is here, or it goes.
    static let agreed: [String: String] = [
        "swift-argument-parser": "arguments of the programs",
        "swift-log": "the logging front that every Swift server library shares",
        "yams": "configuration files",
    ]

    @Test func `the resolved graph holds the agreed packages and no SwiftNIO`() throws {
        let data = try Data(contentsOf: SourceTree.top.appending(path: "Package.resolved"))
        let pins = try JSONDecoder().decode(Resolution.self, from: data).pins
        for pin in pins {
            #expect(!pin.identity.contains("nio"), "\(pin.location): sockets are this project's own")
            #expect(
                DependencyTests.agreed[pin.identity] != nil,
                "\(pin.identity) is not agreed: say in DependencyTests what it is for, or do without")
        }
        #expect(Set(pins.map(\.identity)) == Set(DependencyTests.agreed.keys))
    }
}
