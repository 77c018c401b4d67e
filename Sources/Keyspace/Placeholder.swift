// Keyspace: placeholder until its first file lands.
