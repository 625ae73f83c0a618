"""What every form promises, beside what every plugin does; forms are found by themselves."""

import pytest

from pipeline.engines.rules import Rules
from pipeline.forms import Form
from pipeline.journey import outcome, travel
from pipeline.plugins import plugin_names
from pipeline.recipes import read_recipe
from pipeline.reviewing import RUBRICS
from pipeline.workshop import open_workshop
from pipeline.writing import style_card
from schemas.document import OutcomeKind
from tests.conftest import BAD_DEED, document, opened, plain_text, write_recipe

WRITING = [name for name in plugin_names(Form) if name != "verbatim"]


def only(folder, name):
    """Return a workshop in which every document takes this form."""
    path = write_recipe(folder)
    path.write_text(path.read_text().replace("commentary = 1\nverbatim = 2", f"{name} = 1"))
    return open_workshop(read_recipe(path))


@pytest.mark.parametrize("name", WRITING)
def test_a_form_is_reviewed_and_varied_in_a_way_of_its_own(folder, name):
    kit = opened(folder).kit

    added = kit.prompts.table(f"review/forms/{name}.toml")

    assert set(added) <= set(RUBRICS)
    assert len(style_card(document("x"), name, kit)) >= 4


@pytest.mark.parametrize("name", WRITING)
async def test_the_rule_book_leaves_a_document_as_it_is_where_it_cannot_write(folder, name):
    workshop = only(folder, name)

    done = await travel(document(plain_text(1)), workshop.passes, Rules().answer, workshop.kit)

    assert done.form == name
    assert (outcome(done).kind, outcome(done).reason) == (OutcomeKind.ACCEPTED, "verbatim")


@pytest.mark.parametrize("name", [name for name in WRITING if name != "commentary"])
async def test_where_it_cannot_write_what_is_bad_does_not_pass_uncommented(folder, name):
    workshop = only(folder, name)

    done = await travel(document(BAD_DEED), workshop.passes, Rules().answer, workshop.kit)

    assert outcome(done).kind == OutcomeKind.REJECTED
