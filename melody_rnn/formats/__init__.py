"""Music files of every kind: read into scores, and written from them."""
