"""The benchmark of speed: what builds cost on a made log, against the least and against peers."""
