"""Losses: of classes (`classification`, `ctc`), of numbers (`regression`), of probabilities
(`probability`), with a margin (`margin`).
"""
