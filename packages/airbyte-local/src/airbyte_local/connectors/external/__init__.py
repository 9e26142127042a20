"""Real connectors, as processes beside the server: of the package index, of a manifest, or a user's own command."""
