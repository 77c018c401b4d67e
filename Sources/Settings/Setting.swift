// One declared setting: its key, form, default and purpose. Everything about it derives from here.

/// A setting whose value is a `Value`.
struct Setting<Value: Sendable>: Sendable {
    let declaration: SettingDeclaration
    let form: SettingForm<Value>

    init(_ key: String, _ form: SettingForm<Value>, _ standard: SettingStandard, _ purpose: String) {
        self.form = form
        declaration = SettingDeclaration(
            key: key, words: form.words, isList: form.isList, standard: standard, purpose: purpose
        ) {
            value throws(ValueFault) in _ = try form.decode(value)
        }
    }

    var key: String { declaration.key }

    /// A path, which the source that gives it makes absolute.
    func isPath() -> Setting {
        var declaration = declaration
        declaration.isPath = true
        return Setting(declaration: declaration, form: form)
    }

    private init(declaration: SettingDeclaration, form: SettingForm<Value>) {
        self.declaration = declaration
        self.form = form
    }
}

/// What holds when a setting is not given.
enum SettingStandard: Hashable, Sendable {
    /// It must be given.
    case required
    /// Nothing, which means what the text says.
    case absent(String)
    /// This, worded as a file would word it.
    case value(String)
}

/// What is known of a setting without its type: for the reference, for flags and variables, and to find it by name.
public struct SettingDeclaration: Sendable {
    public let key: String
    /// What may be written.
    public let words: String
    let isList: Bool
    let standard: SettingStandard
    /// What it does, in sentences.
    public let purpose: String
    var isPath = false
    let check: @Sendable (SettingValue) throws(ValueFault) -> Void

    init(
        key: String, words: String, isList: Bool, standard: SettingStandard, purpose: String,
        check: @escaping @Sendable (SettingValue) throws(ValueFault) -> Void
    ) {
        self.key = key
        self.words = words
        self.isList = isList
        self.standard = standard
        self.purpose = purpose
        self.check = check
    }

    /// The environment variable: `TRIREME_ELECTION_TIMEOUT_MIN`.
    public var environmentName: String {
        SettingDeclaration.environmentPrefix
            + String(decoding: key.uppercased().utf8.map { $0 == 0x2E || $0 == 0x2D ? 0x5F : $0 }, as: UTF8.self)
    }

    /// The flag: `--election.timeout-min`.
    public var flag: String { "--" + key }

    static let environmentPrefix = "TRIREME_"
}
