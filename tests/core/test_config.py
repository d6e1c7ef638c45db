"""One tamis.yaml: what is in it takes effect; what does not belong there is told with path, value and nearest key."""

from __future__ import annotations

import json

import pytest
import yaml

from tamis.core import Settings, UsageError, Workspace, config_schema, create_workspace, load_config, plugins
from tamis.data import DataSettings


def written(tmp_path, text):
    path = tmp_path / "tamis.yaml"
    path.write_text(text)
    return path


def test_a_value_in_the_file_takes_effect_and_the_command_line_wins(tmp_path):
    path = written(tmp_path, "data:\n  max_rejects: 0.2\n")
    assert load_config(path).of(DataSettings).max_rejects == 0.2
    assert load_config(path, overrides=["data.max_rejects=0.3"]).of(DataSettings).max_rejects == 0.3
    assert load_config().of(DataSettings).max_rejects == 0.01


def test_an_unknown_key_names_path_line_value_and_nearest(tmp_path):
    path = written(tmp_path, "# a comment\ndata:\n  max_reject: 0.2\n")
    with pytest.raises(UsageError) as error:
        load_config(path)
    message = str(error.value)
    assert "tamis.yaml, line 3: unknown key 'data.max_reject' (value 0.2)" in message
    assert "Did you mean 'max_rejects'?" in message


def test_an_unknown_section_and_two_mistakes_are_told_at_once(tmp_path):
    path = written(tmp_path, "daat: {}\ndata:\n  max_rejects: many\n")
    with pytest.raises(UsageError) as error:
        load_config(path)
    assert "unknown key 'daat'" in str(error.value)
    assert "data.max_rejects = 'many'" in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data: [", "is not YAML"),
        ("- a\n", "must hold keys and values, not a list"),
        ("data:\n  max_rejects: 1\n  max_rejects: 2\n", "line 3: 'data.max_rejects' stands here and in line 2"),
        ("data: 3\n", "data = 3"),
    ],
)
def test_a_broken_file_is_told(tmp_path, text, message):
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        load_config(written(tmp_path, text))


def test_a_heading_without_keys_is_no_mistake(tmp_path):
    assert load_config(written(tmp_path, "data:\n")).of(DataSettings) == DataSettings()


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        DataSettings().max_rejects = 0.5  # type: ignore[misc]


def test_every_setting_says_what_it_means_and_the_schema_tells_editors():
    for name in plugins.found("settings"):
        for key, field in plugins.load("settings", name).model_fields.items():
            assert field.description, f"{name}.{key} has no docstring under it"
    assert config_schema()["properties"]["data"]["default"]["max_rejects"] == 0.01


def test_the_scaffolded_file_becomes_the_defaults_when_its_comments_are_lifted(tmp_path):
    workspace = create_workspace(tmp_path / "new")
    assert workspace.config == load_config()
    text = (workspace.root / "tamis.yaml").read_text()
    body = text.partition("\n\n")[2]
    lifted = "\n".join(line[2:] for line in body.splitlines() if line.startswith("# "))
    values = yaml.safe_load(lifted)
    (workspace.root / "tamis.yaml").write_text(yaml.safe_dump(values))
    assert Workspace(workspace.root).config.to_dict() == load_config().to_dict()


def test_init_never_overwrites(tmp_path, tamis):
    made = tamis("init", tmp_path / "new")
    assert (made.code, f"next: cd {tmp_path / 'new'} && tamis data import" in made.out) == (0, True)
    (tmp_path / "new" / "tamis.yaml").write_text("data:\n  max_rejects: 0.5\n")
    outcome = tamis("init", tmp_path / "new")
    assert outcome.code == 2
    assert "is there already; nothing was changed" in outcome.err
    assert "0.5" in (tmp_path / "new" / "tamis.yaml").read_text()


def test_config_show_prints_what_is_in_force(tamis):
    values = json.loads(tamis("config", "show", "--json", "data.max_rejects=0.07").out)
    assert values["data"]["max_rejects"] == 0.07
    assert yaml.safe_load(tamis("config", "show").out)["data"]["max_rejects"] == 0.01


def test_outside_a_workspace_the_message_says_how_to_make_one(tmp_path):
    with pytest.raises(UsageError, match="tamis init"):
        Workspace.find(tmp_path)


def test_settings_nested_in_lists_name_the_known_keys_too(tmp_path):
    class Inner(Settings):
        size: int = 1

    class Outer(Settings):
        parts: tuple[Inner, ...] = ()

    from tamis.core.config import _known_keys

    assert _known_keys(Outer, ("parts", 0)) == ["size"]


def test_only_true_and_false_are_truth_values(tmp_path):
    (tmp_path / "tamis.yaml").write_text("train:\n  parents: {UNT: OFF, N: NO}\n  average_seeds: true\n")
    config = load_config(tmp_path / "tamis.yaml", overrides=["train.class_weights={Y: 2}"])
    train = config.to_dict()["train"]
    assert train["parents"] == {"UNT": "OFF", "N": "NO"}
    assert train["class_weights"] == {"Y": 2.0}
    assert train["average_seeds"] is True


def test_a_lazy_config_looks_at_a_section_when_it_is_asked_for(tmp_path):
    path = written(tmp_path, "data: {max_rejects: 0.2}\nsplit: {sed: 1}\n")
    config = load_config(path, lazy=True)
    assert config.of(DataSettings).max_rejects == 0.2
    assert config.section("data") == DataSettings(max_rejects=0.2)
    with pytest.raises(UsageError, match=r"line 2: unknown key 'split.sed'"):
        config.section("split")
    with pytest.raises(UsageError, match="unknown key 'data.max_rejcts'"):  # somebody typed it just now
        load_config(path, overrides=["data.max_rejcts=0.1"], lazy=True)
    with pytest.raises(UsageError, match="unknown key 'dta'"):
        load_config(written(tmp_path, "dta: {}\n"), lazy=True)
