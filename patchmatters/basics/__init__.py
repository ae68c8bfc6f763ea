"""What every room uses and no stage owns: plain text, whole files, JSON, names."""
