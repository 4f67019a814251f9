"""What endpoints send: answers of every form, refusals of parameters and of prompts."""

from __future__ import annotations

from typing import Any

import pytest

from acecoder.errors import InputError, LLMUnavailable
from tests.stages.scripted_endpoint import CODE, PROBLEM, Script, body, error, programs

READ = {
    "usage that is null": {**body(), "usage": None},
    "no usage": {"choices": body()["choices"]},
    "content in parts": body([{"type": "text", "text": CODE[:20]}, {"type": "text", "text": CODE[20:]}]),
    "a null among its tool calls": body(tool_calls=None),
}  # fmt: skip
ASKED_AGAIN = {
    "a body that is cut off": '{"id": "x", "choices": [',
    "an empty body": "",
    "a body that is no object": "[]",
    "HTML": "<html>busy</html>",
    "an error object": {"error": {"message": "overloaded", "code": 529}},
    "an error that is a text": {"error": "overloaded"},
    "no choices": {**body(), "choices": []},
    "choices that are null": {**body(), "choices": None},
    "no message": {"choices": [{"finish_reason": "stop"}]},
    "null content": body(None),
    "an empty text": body("  \n"),
}
SET_ASIDE = {
    "refusal": body(None, refusal="I will not."),
    "content_filter": body("def f", "content_filter"),
    "tool_calls": body(None, "tool_calls", tool_calls=[{"id": "1", "type": "function"}]),
    "reasoning_only": body("", "length", reasoning_content="Let me think"),
    "empty": body(""),
}


@pytest.mark.parametrize("name", READ)
def test_a_whole_answer_is_read_in_whatever_form(run, write, serve, name: str) -> None:
    endpoint = serve(lambda request, number: (200, READ[name]))
    result = run(
        "sample_programs",
        {"model": endpoint.model(), "num_samples": 1},
        problems=write("p", PROBLEM),
    )
    assert programs(result) == ["def f(n):\n    return n + 1\n"]
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("name", ASKED_AGAIN)
def test_what_is_no_answer_is_asked_again(run, write, serve, name: str) -> None:
    endpoint = serve(lambda request, number: (200, body() if number else ASKED_AGAIN[name]))
    result = run(
        "sample_programs",
        {"model": endpoint.model(), "num_samples": 1},
        problems=write("p", PROBLEM),
    )
    assert programs(result) == ["def f(n):\n    return n + 1\n"]
    assert len(endpoint.asked) == 2


@pytest.mark.parametrize("name", SET_ASIDE)
def test_what_will_never_be_an_answer_is_counted_and_not_paid_for_again(
    run, write, serve, name: str
) -> None:
    endpoint = serve(
        lambda request, number: (200, SET_ASIDE[name] if "one" in str(request) else body())
    )
    problems = write("p", {**PROBLEM, "id": "one", "question": "one"}, {**PROBLEM, "id": "two"})
    config = {"model": endpoint.model(), "num_samples": 1}
    result = run("sample_programs", config, problems=problems)
    assert result.report.metrics[f"set_aside_{name}"] == 1
    assert result.report.metrics["programs"] == 1 and result.report.metrics["asked"] == 2
    # Answers that stay empty are counted by the client, which has read no usage of them.
    assert result.report.metrics["prompt_tokens"] == (11 if name == "empty" else 22)
    asked = len(endpoint.asked)
    # Another step that asks the same is given the same, without a request.
    again = run("sample_programs", {**config, "model_name": "other"}, problems=problems)
    assert again.report.metrics[f"set_aside_{name}"] == 1
    assert len(endpoint.asked) == asked


def test_what_the_server_sends_again_and_again_is_told_with_how_often(run, write, serve) -> None:
    endpoint = serve(
        lambda request, number: (200, {"error": {"message": "the cluster is on fire"}})
    )
    with pytest.raises(LLMUnavailable, match=r"after 3 tries: .*the cluster is on fire"):
        run(
            "sample_programs",
            {"model": endpoint.model(), "num_samples": 1},
            problems=write("p", PROBLEM),
        )
    assert len(endpoint.asked) == 3


def refusing(name: str, code: str = "unsupported_parameter") -> Script:
    def script(request: dict[str, Any], number: int) -> tuple[int, object]:
        if name in request:
            return 400, error(
                f"Unsupported parameter: '{name}' is not known.", param=name, code=code
            )
        return 200, body()

    return script


@pytest.mark.parametrize("name", ["max_tokens", "temperature", "top_p", "seed"])
def test_a_parameter_that_is_refused_by_name_is_left_out_and_said(
    run, write, serve, capsys, name: str
) -> None:
    endpoint = serve(refusing(name))
    config = {"model": endpoint.model(), "num_samples": 3, "top_p": 0.9}
    assert len(programs(run("sample_programs", config, problems=write("p", PROBLEM)))) == 3
    assert capsys.readouterr().out.count(f"refused the parameter {name}") == 1
    if name == "max_tokens":
        assert endpoint.asked[-1]["max_completion_tokens"] == 1024


def test_a_server_that_refuses_what_is_not_sent_any_more_is_not_asked_for_ever(
    run, write, serve
) -> None:
    endpoint = serve(
        lambda request, number: (400, error("Unsupported parameter: 'seed'", param="seed"))
    )
    config = {"model": endpoint.model(concurrency=1), "num_samples": 1}
    with pytest.raises(InputError, match=r"refused 1 of 1 prompts"):
        run("sample_programs", config, problems=write("p", PROBLEM))
    assert len(endpoint.asked) == 2


def test_the_profile_names_the_parameters(run, write, serve) -> None:
    endpoint = serve(lambda request, number: (200, body()))
    parameters = {"max_tokens": "max_completion_tokens", "temperature": "", "seed": "random_seed",
                  "extra_body": {"chat_template_kwargs": {"enable_thinking": False}}}  # fmt: skip
    config = {"model": endpoint.model(parameters=parameters), "num_samples": 1}
    run("sample_programs", config, problems=write("p", PROBLEM))
    (request,) = endpoint.asked
    assert request.keys() == {
        "model",
        "messages",
        "max_completion_tokens",
        "random_seed",
        "chat_template_kwargs",
    }
    with pytest.raises(InputError, match=r"temprature"):
        run(
            "sample_programs",
            {"model": endpoint.model(parameters={"temprature": ""})},
            problems=write("p", PROBLEM),
        )


def test_a_parameter_is_not_left_out_where_that_is_not_wished(run, write, serve) -> None:
    endpoint = serve(refusing("temperature"))
    config = {"model": endpoint.model(parameters={"adapt": False}), "num_samples": 1}
    with pytest.raises(InputError) as fault:
        run("sample_programs", config, problems=write("p", PROBLEM))
    assert "Unsupported parameter: 'temperature'" in str(fault.value)
    assert "parameters.temperature" in str(fault.value.remedy)


def test_seeds_stay_within_31_bits(run, write, serve) -> None:
    endpoint = serve(lambda request, number: (200, body()))
    config = {"model": endpoint.model(), "num_samples": 8, "seed": 12345678901}
    run("sample_programs", config, problems=write("p", PROBLEM))
    seeds = [request["seed"] for request in endpoint.asked]
    assert len(set(seeds)) == 8 and all(0 <= seed < 2**31 for seed in seeds)


def test_a_prompt_that_is_refused_for_good_is_set_aside_and_the_step_goes_on(
    run, write, serve
) -> None:
    def script(request: dict[str, Any], number: int) -> tuple[int, object]:
        if "long 7" in str(request):
            return 400, error(
                "maximum context length is 4096 tokens", code="context_length_exceeded"
            )
        return 200, body()

    endpoint = serve(script)
    problems = write(
        "p", *({**PROBLEM, "id": f"{i}", "question": f"long {i} {i}"} for i in range(30))
    )
    config = {"model": endpoint.model(), "num_samples": 1}
    result = run("sample_programs", config, problems=problems)
    assert result.report.metrics["set_aside_refused_prompt"] == 1
    assert len(programs(result)) == 29
    # What was refused is asked again, and alone is not too much.
    again = run("sample_programs", {**config, "model_name": "other"}, problems=problems)
    assert again.report.metrics["set_aside_refused_prompt"] == 1
    assert len(endpoint.asked) == 31
    with pytest.raises(InputError, match=r"refused 2 of 30 prompts: .*on the way out"):
        endpoint = serve(lambda request, number: (422, error("on the way out")))
        run(
            "sample_programs",
            {**config, "model": endpoint.model(max_refused_share=0.0, concurrency=1, model="n")},
            problems=problems,
        )
