"""Is one model better than another? The paired difference on the same problems, with its interval."""

import acecoder

problems = acecoder.load_benchmark("humaneval")
right, wrong = [problem.reference for problem in problems], ["x = 1"] * len(problems)
samples = [
    {"problem_id": problem.id, "model": model, "program_index": 0, "program": program}
    for model, programs in (("before", wrong[:20] + right[20:]), ("after", wrong[:5] + right[5:]))
    for problem, program in zip(problems, programs, strict=True)
]
result = acecoder.evaluate("humaneval", samples)
for each in result.differences():
    if (each["row"], each["other"]) == ("after, average", "before, average"):
        print(f"after - before: {each['value']:+.3f} [{each['low']:+.3f}, {each['high']:+.3f}]")
