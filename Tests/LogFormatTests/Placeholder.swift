// LogFormatTests: placeholder until its first test lands.
