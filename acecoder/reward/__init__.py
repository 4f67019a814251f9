"""The reward model: its training and its scores.

Departures from AceCoder (docs/METHOD.md says why):

1. The head is transformers' sequence classification with one label, without dropout or bias (M12).
2. What is held out is a share of problems, not of pairs (M13).
3. Training and scoring read one rendering of question and program (M15).
"""
