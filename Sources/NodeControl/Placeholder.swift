// NodeControl: placeholder until its first file lands.
