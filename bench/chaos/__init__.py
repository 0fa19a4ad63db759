"""Proof that nothing is lost and nothing happens twice while everything is being broken."""
