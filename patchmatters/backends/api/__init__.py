"""What every model behind HTTP shares: providers, addresses, keys, crops on the wire, requests and their troubles."""
