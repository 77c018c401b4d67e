// AdminAPI: placeholder until its first file lands.
