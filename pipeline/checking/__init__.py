"""Checking tagged text that lies in files: Parquet, JSON Lines or plain text, ours or anybody's."""
