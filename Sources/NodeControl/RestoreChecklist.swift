// Six questions to a cluster that was restored, each with its answer in a line.

import JSON

public struct RestoreChecklist: Hashable, Sendable {
    public enum Question: String, Hashable, Sendable, CaseIterable {
        case process, state, read, write, metrics, page
    }

    struct Answer: Hashable, Sendable {
        let question: Question
        let isGood: Bool
        let text: String
    }

    let answers: [Answer]

    /// All six, all good.
    public var isGood: Bool { answers.count == Question.allCases.count && answers.allSatisfy(\.isGood) }

    public func text(inColour: Bool) -> String {
        answers.map { answer in
            let name = answer.question.rawValue
            return TextTable.paint(answer.isGood ? "pass" : "FAIL", answer.isGood ? .good : .bad, inColour: inColour)
                + "  \(name)" + String(repeating: " ", count: 9 - name.count) + answer.text + "\n"
        }.joined()
    }

    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("passed", isGood)
            writer.member("checks") { writer in
                writer.array { writer in
                    for answer in answers {
                        writer.object { writer in
                            writer.member("check", answer.question.rawValue)
                            writer.member("passed", answer.isGood)
                            writer.member("found", answer.text)
                        }
                    }
                }
            }
        }
        return writer.bytes + [0x0A]
    }
}
