"""What screens ask SPAR while somebody waits."""
