// What a store can do, for people and scripts.

import JSON
import ObjectStores

public struct StoreReport: Sendable {
    let location: String
    let capabilities: StoreCapabilities

    /// Whether an archive can be kept there.
    public var isSufficient: Bool { capabilities.isSufficient }

    public func text(inColour: Bool) -> String {
        var table = TextTable(["CAPABILITY", "NEEDED", "VERDICT", ""])
        for capability in StoreCapability.allCases {
            let (verdict, tone, why) = describe(capability)
            table.add([
                .init(capability.rawValue), .init(capability.isRequired ? "yes" : "no"), .init(verdict, tone),
                .init(why),
            ])
        }
        let end = isSufficient ? "an archive can be kept there" : "NO archive can be kept there"
        return "\(location)\n" + table.text(inColour: inColour) + end + "\n"
    }

    private func describe(_ capability: StoreCapability) -> (String, TextTable.Tone, String) {
        switch capabilities[capability] {
        case .yes: ("yes", .good, "")
        case .no(let why): ("no", capability.isRequired ? .bad : .doubtful, why)
        case .unknown(let why): ("unknown", .doubtful, why)
        }
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("location", location)
            writer.member("sufficient", isSufficient)
            writer.member("capabilities") { writer in
                writer.array { writer in
                    for capability in StoreCapability.allCases {
                        let (verdict, _, why) = describe(capability)
                        writer.object { writer in
                            writer.member("name", capability.rawValue)
                            writer.member("required", capability.isRequired)
                            writer.member("verdict", verdict)
                            writer.member("reason", why.isEmpty ? nil : why)
                        }
                    }
                }
            }
        }
        return writer.bytes + [0x0A]
    }
}
