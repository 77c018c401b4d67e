// RESP: placeholder until its first file lands.
