// Consensus: placeholder until its first file lands.
