"""Music outside the network: files, sequences, melodies and primers."""
