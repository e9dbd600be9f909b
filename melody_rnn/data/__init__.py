"""Tunes to datasets: reading, extraction, splits and storage."""
