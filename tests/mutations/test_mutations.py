"""The mutations fit the code as it is. Whether they are caught is for script/mutations to say."""

import re

import pytest

from tests.mutations.catalogue import DEFENCES
from tests.mutations.mutation import PROJECT, Mutation

MUTATIONS = [mutation for defence in DEFENCES for mutation in defence.mutations]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_what_is_taken_away_is_there_exactly_once(mutation: Mutation) -> None:
    for edit in mutation.edits:
        assert edit.mutated(PROJECT) != (PROJECT / edit.path).read_text()
        if edit.path.endswith(".py"):
            compile(edit.mutated(PROJECT), edit.path, "exec")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_the_tests_that_should_notice_exist(mutation: Mutation) -> None:
    assert mutation.tests
    for test in mutation.tests:
        path, _, name = test.partition("::")
        text = (PROJECT / path).read_text()
        assert not name or re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), test


def test_each_mutation_has_a_name_of_its_own_and_is_documented() -> None:
    names = [mutation.name for mutation in MUTATIONS]
    assert len(set(names)) == len(names)
    documented = (PROJECT / "docs" / "mutations.md").read_text()
    assert [name for name in names if f"`{name}`" not in documented] == []
