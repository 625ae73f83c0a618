"""The exported schemas are those of the code."""

from schemas.export import FOLDER, exported


def test_the_exported_schemas_are_current():
    on_disk = {path.name: path.read_text() for path in FOLDER.iterdir()}

    assert on_disk == exported(), "run `python -m schemas.export`"
