"""Tunes to datasets: reading ABC tune books, grouping settings of one tune, splits, storage."""
