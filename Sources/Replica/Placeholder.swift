// Replica: placeholder until its first file lands.
