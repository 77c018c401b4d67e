// LogStore: placeholder until its first file lands.
