"""Voices as spans, spans as tagged text, and the way back."""
