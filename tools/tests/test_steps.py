"""Set-up steps survive interruption and are not repeated."""

import pytest

from tools import steps
from tools.problems import Problem
from tools.steps import Step


class Builder:
    """Makes a folder of two files, counting how often; can be interrupted."""

    def __init__(self, target):
        self.target = target
        self.runs = 0
        self.interrupt = False

    def __call__(self):
        self.runs += 1
        # Fails if anything is left of an earlier run.
        self.target.mkdir()
        (self.target / "first").touch()
        if self.interrupt:
            raise KeyboardInterrupt
        (self.target / "second").touch()


@pytest.fixture
def builder(tmp_path):
    return Builder(tmp_path / "target")


def run(builder, inputs=("one",)):
    step = Step("sample", "Sample", builder, builder.target, list(inputs))
    stamps = builder.target.parent / "stamps"
    return steps.run_step(step, stamps, say=lambda line: None)


def test_second_run_has_nothing_to_do(builder):
    assert run(builder) is True
    assert run(builder) is False
    assert builder.runs == 1


def test_interrupted_step_is_redone_from_nothing(builder):
    builder.interrupt = True
    with pytest.raises(KeyboardInterrupt):
        run(builder)
    assert (builder.target / "first").exists()
    builder.interrupt = False
    assert run(builder) is True
    assert (builder.target / "second").exists()
    assert run(builder) is False


def test_interrupted_redo_is_not_taken_for_done(builder):
    run(builder, ["one"])
    builder.interrupt = True
    with pytest.raises(KeyboardInterrupt):
        run(builder, ["two"])
    builder.interrupt = False
    # Even with the inputs of the finished first run.
    assert run(builder, ["one"]) is True


def test_changed_input_redoes(builder):
    run(builder, ["one"])
    assert run(builder, ["two"]) is True
    assert builder.runs == 2


def test_missing_target_redoes(builder):
    run(builder)
    steps.remove(builder.target)
    assert run(builder) is True


def test_two_set_ups_exclude_each_other(tmp_path):
    lock = tmp_path / "lock"
    refused = pytest.raises(Problem, match="Another set-up")
    with steps.only_one(lock), refused, steps.only_one(lock):
        pass
    with steps.only_one(lock):
        pass
