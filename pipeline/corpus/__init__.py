"""The corpus: outcomes that add up, shards, versions, and how they are pulled."""
