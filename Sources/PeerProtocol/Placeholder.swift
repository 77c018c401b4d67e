// PeerProtocol: placeholder until its first file lands.
