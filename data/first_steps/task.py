"""The one record that the "first steps in Python" task files are made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """One first-steps task: what is asked, the reference program, and the calls its tests make."""

    name: str  # the function's name and the entry point, unique in both splits
    signature: str  # for example "sum_list(numbers)"
    question: str  # names the function with its parameters, states input and output
    reference: str  # a correct, plain program that defines the function
    # 7 to 9 argument lists as source text, such as "'abc', 2"; the reference gives the answers
    calls: tuple[str, ...]
    # 1 to 3 pairs (argument list, WRONG expected value) as source text, each a mistake that a
    # careless language model makes when it writes tests
    wrong: tuple[tuple[str, str], ...]
