"""Values and rules without a store, a server or a connector."""
