// RESPTests: placeholder until its first test lands.
