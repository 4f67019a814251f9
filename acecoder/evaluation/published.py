"""Tables 2 and 3 of the AceCoder paper, pass@1 in percent, to stand beside one's own rows."""

from __future__ import annotations

BENCHMARKS = (
    "humaneval_plus/base",
    "humaneval_plus",
    "mbpp_plus/base",
    "mbpp_plus",
    "bigcodebench/complete",
    "bigcodebench/complete_hard",
    "bigcodebench/instruct",
    "bigcodebench/instruct_hard",
    "livecodebench",
)
"""The columns of the figures; the paper's HumanEval and MBPP are EvalPlus' base tests."""
AVERAGE = "average"

ROWS: dict[tuple[str, str], tuple[float, ...]] = {
    ("GPT-4o (0806)", "greedy"): (92.7, 87.2, 87.6, 72.2, 58.9, 36.5, 48.0, 25.0, 43.6),
    ("DeepSeek-V2.5", "greedy"): (90.2, 83.5, 87.6, 74.1, 53.2, 29.1, 48.9, 27.0, 41.8),
    ("DeepSeek-V3", "greedy"): (91.5, 86.6, 87.6, 73.0, 62.2, 39.9, 50.0, 27.7, 63.5),
    ("Qwen2.5-Coder-32B", "greedy"): (92.1, 87.2, 90.5, 77.0, 58.0, 33.8, 49.0, 27.7, 48.3),
    ("Mistral-7B-v0.3", "greedy"): (36.6, 31.1, 49.5, 41.3, 25.9, 6.1, 20.1, 5.4, 7.3),
    ("Mistral-7B-v0.3", "average"): (37.1, 30.8, 45.1, 38.0, 21.7, 4.2, 17.6, 3.0, 4.0),
    ("Mistral-7B-v0.3", "oracle"): (87.2, 78.0, 83.9, 73.5, 68.4, 37.8, 58.5, 31.1, 24.3),
    ("Mistral-7B-v0.3", "AceCodeRM-7B of 16"): (65.9, 56.7, 59.3, 52.4, 35.1, 10.1, 29.3, 8.8, 11.9),
    ("Mistral-7B-v0.3", "AceCodeRM-7B of 32"): (68.3, 58.5, 59.8, 51.6, 37.4, 8.8, 30.7, 10.8, 14.6),
    ("Mistral-7B-v0.3", "AceCodeRM-7B of 64"): (71.3, 61.6, 59.8, 51.6, 39.4, 6.8, 31.8, 9.5, 15.4),
    ("Mistral-7B-v0.3", "AceCodeRM-32B of 16"): (68.3, 61.0, 58.7, 49.5, 37.7, 11.5, 30.9, 10.1, 12.9),
    ("Mistral-7B-v0.3", "AceCodeRM-32B of 32"): (72.6, 65.9, 61.6, 51.6, 40.5, 9.5, 33.9, 13.5, 16.1),
    ("Mistral-7B-v0.3", "AceCodeRM-32B of 64"): (75.0, 64.6, 60.6, 50.0, 42.7, 15.5, 35.6, 13.5, 17.4),
    ("Llama-3.1-8B-Instruct", "greedy"): (68.9, 62.2, 67.2, 54.8, 38.5, 12.8, 31.8, 13.5, 18.0),
    ("Llama-3.1-8B-Instruct", "average"): (61.7, 54.9, 64.5, 54.5, 32.8, 10.1, 26.6, 9.0, 13.8),
    ("Llama-3.1-8B-Instruct", "oracle"): (93.9, 90.2, 92.1, 82.3, 80.0, 54.7, 67.9, 48.6, 40.8),
    ("Llama-3.1-8B-Instruct", "AceCodeRM-7B of 16"): (77.4, 70.7, 76.5, 64.3, 45.8, 20.3, 36.4, 12.2, 26.1),
    ("Llama-3.1-8B-Instruct", "AceCodeRM-7B of 32"): (79.9, 72.6, 76.2, 62.4, 47.6, 23.0, 37.3, 13.5, 27.3),
    ("Llama-3.1-8B-Instruct", "AceCodeRM-7B of 64"): (81.7, 74.4, 74.6, 61.9, 47.8, 23.6, 38.1, 13.5, 27.6),
    ("Llama-3.1-8B-Instruct", "AceCodeRM-32B of 16"): (82.3, 74.4, 72.8, 60.6, 49.8, 20.3, 38.4, 13.5, 27.5),
    ("Llama-3.1-8B-Instruct", "AceCodeRM-32B of 32"): (81.7, 76.2, 72.8, 60.6, 50.4, 22.3, 39.1, 13.5, 30.3),
    ("Llama-3.1-8B-Instruct", "AceCodeRM-32B of 64"): (85.4, 79.3, 72.0, 59.0, 48.5, 19.6, 40.0, 13.5, 31.0),
    ("Qwen2.5-Coder-7B-Instruct", "greedy"): (91.5, 86.0, 82.8, 71.4, 49.5, 19.6, 41.8, 20.3, 34.2),
    ("Qwen2.5-Coder-7B-Instruct", "average"): (86.0, 80.1, 77.9, 65.6, 45.3, 18.6, 37.3, 16.2, 31.8),
    ("Qwen2.5-Coder-7B-Instruct", "oracle"): (98.2, 95.7, 97.4, 90.7, 80.9, 62.8, 73.5, 53.4, 57.4),
    ("Qwen2.5-Coder-7B-Instruct", "AceCodeRM-7B of 16"): (90.2, 82.9, 88.6, 74.9, 53.8, 20.9, 45.0, 21.6, 40.1),
    ("Qwen2.5-Coder-7B-Instruct", "AceCodeRM-7B of 32"): (90.9, 86.0, 87.8, 74.1, 53.4, 25.0, 43.9, 19.6, 39.8),
    ("Qwen2.5-Coder-7B-Instruct", "AceCodeRM-7B of 64"): (90.9, 85.4, 87.6, 73.8, 52.9, 24.3, 43.5, 21.6, 40.1),
    ("Qwen2.5-Coder-7B-Instruct", "AceCodeRM-32B of 16"): (90.2, 86.6, 88.4, 74.9, 53.9, 25.0, 45.4, 19.6, 44.0),
    ("Qwen2.5-Coder-7B-Instruct", "AceCodeRM-32B of 32"): (90.2, 86.6, 88.4, 75.4, 55.4, 29.7, 45.6, 21.6, 43.5),
    ("Qwen2.5-Coder-7B-Instruct", "AceCodeRM-32B of 64"): (89.6, 86.0, 87.8, 75.1, 55.0, 26.4, 46.1, 22.3, 44.5),
    ("Llama-3.1-8B-Instruct", "InternLM2-RM-8B of 16"): (57.9, 55.5, 66.7, 54.0, 38.7, 8.8, 29.8, 8.8, 15.1),
    ("Llama-3.1-8B-Instruct", "Skywork-Gemma-27B of 16"): (73.8, 67.1, 64.3, 53.4, 40.1, 14.9, 32.5, 12.8, 23.6),
    ("Llama-3.1-8B-Instruct", "Skywork-Llama-3.1-8B of 16"): (67.7, 61.6, 69.6, 56.9, 40.6, 10.8, 31.8, 12.2, 18.8),
}  # fmt: skip
"""(model, row) -> one figure per benchmark, in percent."""
