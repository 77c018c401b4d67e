// KeyspaceTests: placeholder until its first test lands.
