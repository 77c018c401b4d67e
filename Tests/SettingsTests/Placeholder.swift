// SettingsTests: placeholder until its first test lands.
