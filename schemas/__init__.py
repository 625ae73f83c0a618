"""What passes between rooms: plain data, imported by all, importing nothing of ours."""
