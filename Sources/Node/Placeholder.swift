// Node: placeholder until its first file lands.
