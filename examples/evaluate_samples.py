"""pass@1 of samples on HumanEval with its 95 % interval. Needs acecoder[benchmarks], which has the problems.

`acecoder.evaluate("humaneval_plus", "samples.jsonl")` reads a file of EvalPlus' form.
"""

import acecoder

problems = acecoder.load_benchmark("humaneval")
samples = [(problem.id, problem.reference) for problem in problems[:120]]
samples += [(problem.id, "def nothing(): pass") for problem in problems[120:]]
result = acecoder.evaluate("humaneval", samples, model_name="mine")
score = result.score("average")
print(
    f"pass@1 {score.value:.3f} [{score.low:.3f}, {score.high:.3f}] on {score.n_problems} problems"
)
print(result.markdown())
