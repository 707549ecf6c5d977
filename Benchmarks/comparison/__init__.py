"""Comparing Tacit with its peers: running them, putting figures side by side, writing them down."""
