// LogStoreTests: placeholder until its first test lands.
