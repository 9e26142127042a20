"""Connectors' specifications: which connector is meant, what its schema says of a configuration."""
