"""Reads files: the directory of providers, and the providers an address file names."""
