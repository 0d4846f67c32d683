"""A chat template is tried with every kind of conversation, and what it says against one is passed on."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine import chat_templates
from tests.engine.folders import replace
from tests.library.patients import change, codes, look, only
from tui.engine import template_sandbox
from tui.library.findings import Severity

ALL = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
SYSTEM_REFUSED = "{% if messages[0].role == 'system' %}{{ raise_exception('No system role, please') }}{% endif %}"
ALTERNATE = (
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}{% endfor %}"
)


@pytest.fixture
def with_template(healthy: Path) -> Callable[[str], Path]:
    def with_template(source: str) -> Path:
        (healthy / "chat_template.jinja").write_text(source)
        return healthy

    return with_template


WithTemplate = Callable[[str], Path]


def test_templates_of_real_models_have_no_errors(with_template: WithTemplate) -> None:
    sources = [value for name, value in vars(chat_templates).items() if name.isupper() and isinstance(value, str)]
    assert len(sources) > 3
    for source in sources:
        found = look(with_template(source)).findings
        assert [each for each in found if each.severity is not Severity.NOTE] == []


def test_without_a_template(healthy: Path) -> None:
    (healthy / "chat_template.jinja").unlink()
    replace(healthy / "openvino_tokenizer.xml", "<chat_template value", "<some_template value")
    assert (only(healthy).code, only(healthy).severity) == ("template-missing", Severity.WARNING)


def test_the_template_of_the_tokenizer_counts(healthy: Path) -> None:
    (healthy / "chat_template.jinja").unlink()
    assert codes(healthy) == []
    replace(healthy / "openvino_tokenizer.xml", "{% for message in messages %}", "")
    assert codes(healthy) == ["template-broken"]


def test_a_template_that_is_no_jinja(with_template: WithTemplate) -> None:
    finding = only(with_template("a\n{% for %}"))
    assert (finding.code, finding.severity) == ("template-broken", Severity.ERROR)
    assert "(chat_template.jinja) is broken at line 2" in finding.sentence


@pytest.mark.parametrize(
    ("code", "when", "severity"),
    [
        ("template-tools", "tools", Severity.WARNING),
        ("template-thinking-on", "enable_thinking is defined and enable_thinking", Severity.WARNING),
        ("template-thinking-off", "enable_thinking is defined and not enable_thinking", Severity.WARNING),
        ("template-turns", "messages | length == 3", Severity.ERROR),
    ],
)
def test_what_a_template_fails_on_is_said_in_its_own_words(
    code: str, when: str, severity: Severity, with_template: WithTemplate
) -> None:
    folder = with_template("{% if " + when + " %}{{ raise_exception('not [so]') }}{% endif %}" + ALL)
    finding = only(folder)
    assert (finding.code, finding.severity) == (code, severity)
    assert finding.sentence.endswith("rejects the conversation: not [so].")


def test_a_template_that_fails_on_everything(with_template: WithTemplate) -> None:
    found = look(with_template("{{ nothing.at.all }}")).findings
    assert [each.code for each in found if each.severity is Severity.ERROR] == ["template-plain", "template-turns"]
    assert {"template-system", "template-two-users", "template-tools"} < {each.code for each in found}


def test_no_system_role_is_a_note_where_ovchat_has_a_way_round_it(with_template: WithTemplate) -> None:
    finding = only(with_template(SYSTEM_REFUSED + ALL))
    assert (finding.code, finding.severity) == ("template-system", Severity.NOTE)
    assert "No system role, please." in finding.sentence
    assert finding.sentence.endswith("ovchat puts it before the first question.")


def test_two_users_in_a_row_are_a_note_where_ovchat_joins_them(with_template: WithTemplate) -> None:
    finding = only(with_template(ALTERNATE.replace("messages %}", "messages if m.role != 'system' %}") + ALL))
    assert (finding.code, finding.severity) == ("template-two-users", Severity.NOTE)
    assert finding.sentence.endswith("Roles must alternate. ovchat makes one of them.")


def test_a_system_message_that_no_way_round_helps_is_a_warning(with_template: WithTemplate) -> None:
    refused = "{% if 'rhymes' in messages | string %}{{ raise_exception('no rhymes') }}{% endif %}"
    finding = only(with_template(refused + ALL))
    assert (finding.code, finding.severity) == ("template-system", Severity.WARNING)


def test_a_template_that_leaves_out_what_is_said(with_template: WithTemplate) -> None:
    assert codes(with_template("Hello")) == ["template-drops-text"]
    no_system = "{% for m in messages if m.role != 'system' %}{{ m.content | upper }}{% endfor %}"
    assert codes(with_template(no_system)) == ["template-drops-system"]


def test_an_endless_template_is_stopped_once(with_template: WithTemplate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_sandbox, "_SECONDS", 0.3)
    endless = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    folder = with_template("{% if messages[0].role == 'system' %}" + endless + "{% endif %}" + ALL)
    started = time.monotonic()
    assert codes(folder) == ["template-slow"]
    assert time.monotonic() - started < 5  # one of 0.3 s, not four forms of each of five conversations


def test_a_template_that_would_fill_the_memory_is_stopped_once(with_template: WithTemplate) -> None:
    assert codes(with_template("{% for i in range(99999) %}{{ 'a' * 1000000 }}{% endfor %}" + ALL)) == [
        "template-large"
    ]


def test_a_template_cannot_get_out(with_template: WithTemplate, tmp_path: Path) -> None:
    opened = "{{ ''.__class__.__mro__[1].__subclasses__() }}{{ cycler.__init__.__globals__.os.system('touch x') }}"
    assert "template-plain" in codes(with_template(opened))
    assert not (tmp_path / "x").exists()


def test_special_tokens_are_there(with_template: WithTemplate) -> None:
    wants = "{% if not bos_token %}{{ raise_exception('no bos') }}{% endif %}"
    assert codes(with_template(wants + ALL)) == []


def test_a_tokenizer_of_more_tokens_than_the_model(healthy: Path, tiny_model: Callable[[str], Path]) -> None:
    starter = Path(template_sandbox.__file__).parents[1] / "starter"
    for name in ("openvino_detokenizer.xml", "openvino_detokenizer.bin"):
        shutil.copy(starter / name, healthy)
    finding = only(healthy)
    assert (finding.code, finding.severity) == ("tokenizer-larger", Severity.WARNING)
    assert "has 2,048 tokens and the model 600" in finding.sentence


def test_a_tokenizer_for_pairs_of_texts(healthy: Path) -> None:
    xml = healthy / "openvino_tokenizer.xml"
    text = xml.read_text()
    begin = text.index("<layer id=")
    first = text[begin : text.index("</layer>") + len("</layer>")]
    xml.write_text(
        text.replace(
            first, first + first.replace('id="0" name="', 'id="900" name="second_').replace('names="', 'names="second_')
        )
    )
    assert only(healthy).code == "tokenizer-several-texts"


@pytest.mark.parametrize("values", [{"eos_token_id": 7}, {"eos_token_id": [0, 7]}])
def test_files_that_disagree_about_the_end_of_an_answer(values: dict[str, object], healthy: Path) -> None:
    change(healthy / "generation_config.json", **values)
    finding = only(healthy)
    assert (finding.code, finding.severity) == ("eos-differs", Severity.WARNING)
    assert "the tokenizer 2" in finding.sentence


def test_config_json_alone_disagrees(healthy: Path) -> None:
    change(healthy / "config.json", eos_token_id=5)
    assert only(healthy).sentence.endswith("ovchat stops at 0 and 2.")


def test_more_ends_in_generation_config_are_how_it_is_meant(healthy: Path) -> None:
    change(healthy / "generation_config.json", eos_token_id=[0, 2, 9])
    assert codes(healthy) == []


def test_an_end_that_the_model_cannot_write(healthy: Path) -> None:
    change(healthy / "generation_config.json", eos_token_id=[0, 2, 9999])
    assert only(healthy).code == "eos-outside"


def test_nothing_says_what_ends_an_answer(with_template: WithTemplate) -> None:
    folder = with_template(ALL)
    change(folder / "generation_config.json", eos_token_id=None)
    change(folder / "config.json", eos_token_id=None)
    replace(folder / "openvino_tokenizer.xml", '<eos_token_id value="2" />', "")
    assert only(folder).code == "eos-missing"
    (folder / "chat_template.jinja").write_text(ALL + "<|im_end|>")
    assert codes(folder) == []
