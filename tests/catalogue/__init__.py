"""Tests of the node types, one module each."""
