from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.engine import chat_templates
from tests.tokenizers import HERE
from tui.engine.chat_template import ChatTemplate
from tui.engine.errors import ModelBroken, TemplateError

SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": 'Weather "now" <here> & in Zürich',
            "parameters": {
                "type": "object",
                "properties": {
                    "place": {"type": "string"},
                    "units": {"type": "string", "enum": ["C", "F"]},
                    "days": {"type": "array", "items": {"type": "integer"}},
                },
                "required": ["place"],
            },
        },
    }
]
DOCUMENTS = [{"title": "One", "text": "First."}, {"title": "Two", "text": "Second."}]


def system(content: str) -> dict[str, str]:
    return {"role": "system", "content": content}


def user(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def assistant(content: str, **more: object) -> dict[str, object]:
    return {"role": "assistant", "content": content, **more}


CONVERSATIONS = {
    "one": [user("Hello")],
    "system": [system("  Be brief. "), user("Hello\nthere ")],
    "turns": [user("Hi"), assistant("Hello! <b>&amp;</b> 日本"), user(" And 👍🏽? ")],
    "thought": [user("1+1?"), assistant("<think>\nEasy.\n</think>\n\nTwo."), user("Sure?")],
    "tools": [
        user("Weather?"),
        assistant("", tool_calls=[{"type": "function", "function": {"name": "f", "arguments": {"place": "Zürich"}}}]),
        {"role": "tool", "content": "sunny"},
        assistant("Sunny."),
        user("Thanks"),
    ],
    "answered": [system("S"), user("Hi"), assistant("Hello", thinking="Hm.", reasoning_content="Hm.")],
    "two users": [user("a"), user("b")],
    "empty": [user("")],
}
OPTIONS = [
    {},
    {"add_generation_prompt": False},
    {"tools": TOOLS},
    {"documents": DOCUMENTS},
    {"enable_thinking": False},
    {"enable_thinking": True, "reasoning_effort": "low", "controls": {"length": "short"}, "date_string": "1 Jan 2030"},
    {"bos_token": "<other>"},
]


@pytest.fixture(scope="module")
def reference():
    transformers = pytest.importorskip("transformers")
    return transformers.PreTrainedTokenizerFast(tokenizer_file=str(HERE / "qwen" / "tokenizer.json"), **SPECIAL)


def template(source: str, **special: str) -> ChatTemplate:
    return ChatTemplate({"default": source}, source="chat_template.jinja", special_tokens=special or SPECIAL, model="m")


@pytest.mark.parametrize("name", chat_templates.ALL)
def test_same_text_as_transformers(name, reference):
    ours = template(chat_templates.ALL[name])
    compared = 0
    for conversation, options in itertools.product(CONVERSATIONS.values(), OPTIONS):
        arguments = {"add_generation_prompt": True, **options}
        try:
            expected = reference.apply_chat_template(
                conversation, chat_template=chat_templates.ALL[name], tokenize=False, **arguments
            )
        except Exception:  # rejected: how ours adapts is another test
            continue
        compared += 1
        assert ours.render(conversation, **arguments) == expected
    assert compared >= len(OPTIONS)


@pytest.mark.parametrize(
    ("name", "begun", "ending"),
    [
        ("CHATML", "Once", "<|im_start|>assistant\nOnce"),
        ("QWEN_3", "<think>\nHm", "<|im_start|>assistant\n<think>\nHm"),
        # The template opens the thinking by itself.
        ("DEEPSEEK_R1", "<think>\nHm", "<｜Assistant｜><think>\nHm"),
        ("DEEPSEEK_R1", "Hm", "<｜Assistant｜><think>\nHm"),
        ("MISTRAL", "\nOnce", "[INST] 1+1? [/INST]\nOnce"),
    ],
)
def test_answer_that_has_begun(name, begun, ending):
    ours = template(chat_templates.ALL[name])
    text = ours.render_begun([user("1+1?")], begun)
    assert text.endswith(ending)
    assert text.startswith(ours.render([user("1+1?")]))


@pytest.mark.parametrize("content", [None, [{"type": "text", "text": "a"}]])
def test_content_that_is_not_text_is_left_to_the_template(content):
    conversation = [system("S"), {"role": "user", "content": content}]
    with pytest.raises(TemplateError, match="System role not supported"):
        template(chat_templates.GEMMA).render(conversation)


@pytest.mark.parametrize(
    ("name", "conversation", "same_as"),
    [
        ("GEMMA", [system("S"), user("U")], [user("S\n\nU")]),
        ("MISTRAL", [system("S"), user("U"), assistant("A"), user("V")], [user("S\n\nU"), assistant("A"), user("V")]),
        ("MISTRAL", [user("a"), user("b")], [user("a\n\nb")]),
        (
            "MISTRAL",
            [user("a"), assistant("b"), assistant("c"), user("d")],
            [user("a"), assistant("b\n\nc"), user("d")],
        ),
        ("GEMMA", [system("S"), user("a"), user("b"), assistant("c")], [user("S\n\na\n\nb"), assistant("c")]),
        ("GEMMA", [system("S"), system("T"), user("a")], [user("S\n\nT\n\na")]),
        ("MISTRAL", [user("a"), assistant("b"), system("S"), user("c")], [user("a"), assistant("b"), user("S\n\nc")]),
        ("GEMMA", [system("S")], [user("S")]),
        # The least that helps: this template has a system role.
        ("LLAMA_2", [system("S"), user("a"), user("b")], [system("S"), user("a\n\nb")]),
    ],
)
def test_conversation_is_adapted_to_strict_templates(name, conversation, same_as):
    ours = template(chat_templates.ALL[name])
    assert ours.render(conversation) == ours.render(same_as)


def test_messages_are_left_as_they_are():
    conversation = [system("S"), user("a"), user("b")]
    before = json.dumps(conversation)
    template(chat_templates.GEMMA).render(conversation)
    assert json.dumps(conversation) == before


def test_a_rejection_that_nothing_helps_has_the_words_of_the_template():
    with pytest.raises(
        TemplateError, match=r"chat template of m .* rejects the conversation: .*must alternate"
    ) as caught:
        template(chat_templates.MISTRAL).render([assistant("a"), user("b")])
    assert caught.value.next_step


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.__init__.__globals__ }}",
        "{{ raise_exception.__globals__['datetime'] }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ self._TemplateReference__context.environment.loader }}{{ self.x.y }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update(role='x') }}",
        "{% include 'settings.toml' %}",
        "{% import 'os' as os %}",
        "{{ messages[99].content }}",
        "{{ nothing.at.all }}",
        "{{ 1 / 0 }}",
        "{{ 'a' + 1 }}",
        "{{ unknown_function() }}",
        "{{ 'a' * 10**12 }}",
        "{{ [0] * 10**12 }}",
        "{{ 10 ** (10**10) }}",
        "{{ range(10**9) | list }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{% for x in messages recursive %}{{ loop(messages) }}{% endfor %}",
    ],
)
def test_hostile_templates(source):
    with pytest.raises(TemplateError, match=r"rejects the conversation: ."):
        template(source).render([user("x")])


def test_endless_templates_are_stopped(monkeypatch):
    from tui.engine import template_sandbox

    monkeypatch.setattr(template_sandbox, "_SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(TemplateError, match="takes too long"):
        template("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}").render([user("x")])
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("source", "line"), [("a\n{% for %}", 2), ("{{ a", 1), ("a\nb\n{% endif %}", 3), ("{{ a | nofilter }}", 1)]
)
def test_broken_template_names_the_line(source, line):
    with pytest.raises(TemplateError, match=rf"is broken at line {line}: .*\.$"):
        template(source).render([user("x")])


def test_extra_filters():
    assert template("{{ ('{\"a\": [1]}' | fromjson).a[0] }}{{ '2' | from_json }}").render([user("x")]) == "12"


def test_many_threads_share_a_template():
    ours = template(chat_templates.QWEN_3)
    conversations = [[user(str(i)), assistant("a"), user("b")] for i in range(200)]
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(ours.render, conversations))
    assert [re.search(r"user\n(\d+)", text)[1] for text in texts] == [str(i) for i in range(200)]


def test_a_template_is_compiled_once(monkeypatch):
    from tui.engine import template_sandbox

    compiled = []
    compile_template = template_sandbox.compile_template
    monkeypatch.setattr(
        template_sandbox, "compile_template", lambda source: compiled.append(source) or compile_template(source)
    )
    ours = template(chat_templates.QWEN_3)
    for _ in range(5):
        ours.render([user("x")])
    assert len(compiled) == 1


def test_jinja2_is_imported_when_a_template_is_rendered():
    script = "import sys, tui.engine.chat_template; sys.exit(any(m in sys.modules for m in ('jinja2', 'openvino')))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


class TestFind:
    def write(self, folder, **files: str) -> None:
        for name, text in files.items():
            (folder / (name.replace("__", "."))).write_text(text, encoding="utf-8")

    def test_precedence(self, tmp_path):
        files = {
            "chat_template__jinja": "jinja file",
            "tokenizer_config__json": json.dumps({"chat_template": "tokenizer_config"}),
            "chat_template__json": json.dumps({"chat_template": "chat_template json"}),
            "processor_config__json": json.dumps({"chat_template": "processor_config"}),
        }
        self.write(tmp_path, **files)
        expected = [
            ("chat_template.jinja", "jinja file"),
            ("tokenizer_config.json", "tokenizer_config"),
            ("chat_template.json", "chat_template json"),
            ("processor_config.json", "processor_config"),
        ]
        for name, text in expected:
            found = ChatTemplate.find(tmp_path, "rt_info", SPECIAL)
            assert (found.source, found.text, found.warning) == (name, text, "")
            assert found.render([user("x")]) == text
            (tmp_path / name).unlink()
        found = ChatTemplate.find(tmp_path, "rt_info", SPECIAL)
        assert (found.source, found.text) == ("openvino_tokenizer.xml", "rt_info")

    def test_none(self, tmp_path):
        self.write(tmp_path, tokenizer_config__json=json.dumps({"chat_template": None}))
        found = ChatTemplate.find(tmp_path, None, SPECIAL)
        assert found.source == "none (plain text)"
        assert found.plain
        assert tmp_path.name in found.warning
        assert found.text == ""
        assert found.render([user("Once upon a time")]) == "Once upon a time"
        assert found.render([system("S"), user("a"), assistant("b")]) == "S\n\na\n\nb"

    def test_several_in_a_list(self, tmp_path, reference):
        several = [
            {"name": "default", "template": "D{{ bos_token }}"},
            {"name": "tool_use", "template": "T{{ tools|length }}"},
        ]
        self.write(tmp_path, tokenizer_config__json=json.dumps({"chat_template": several}))
        found = ChatTemplate.find(tmp_path, None, SPECIAL)
        assert found.text == "D{{ bos_token }}"
        assert found.render([user("x")]) == "D<s>"
        assert found.render([user("x")], tools=TOOLS) == "T1"
        assert found.render([user("x")], tools=[]) == "T0"

    def test_several_in_rt_info(self, tmp_path):
        found = ChatTemplate.find(tmp_path, {"default": "D", "tool_use": "T"}, SPECIAL)
        assert found.render([user("x")], tools=TOOLS) == "T"

    def test_several_files(self, tmp_path):
        self.write(tmp_path, chat_template__jinja="D")
        (tmp_path / "additional_chat_templates").mkdir()
        self.write(tmp_path / "additional_chat_templates", tool_use__jinja="T")
        found = ChatTemplate.find(tmp_path, None, SPECIAL)
        assert [found.render([user("x")]), found.render([user("x")], tools=TOOLS)] == ["D", "T"]

    @pytest.mark.parametrize("entry", [[{"name": 1}, 3], [{"name": "default", "template": 5}], {"default": " "}, "", 7])
    def test_an_entry_without_a_template_is_none(self, entry, tmp_path):
        self.write(tmp_path, tokenizer_config__json=json.dumps({"chat_template": entry}))
        assert ChatTemplate.find(tmp_path, None, SPECIAL).plain

    def test_an_empty_file_is_no_template(self, tmp_path):
        self.write(tmp_path, chat_template__jinja=" \n")
        assert ChatTemplate.find(tmp_path, None, SPECIAL).plain

    def test_several_without_default(self, tmp_path):
        several = [{"name": "a", "template": "A"}, {"name": "b", "template": "B"}]
        self.write(tmp_path, tokenizer_config__json=json.dumps({"chat_template": several}))
        with pytest.raises(TemplateError, match="a, b"):
            ChatTemplate.find(tmp_path, None, SPECIAL).render([user("x")])

    def test_only_one_of_another_name(self, tmp_path):
        self.write(tmp_path, chat_template__json=json.dumps({"chat_template": [{"name": "rag", "template": "R"}]}))
        assert ChatTemplate.find(tmp_path, None, SPECIAL).render([user("x")]) == "R"

    def test_broken_json(self, tmp_path):
        self.write(tmp_path, tokenizer_config__json='{"a": 1,\n "chat_template"\n}')
        with pytest.raises(ModelBroken, match=r"tokenizer_config\.json is broken in line 3"):
            ChatTemplate.find(tmp_path, None, SPECIAL)

    def test_unreadable_jinja(self, tmp_path):
        (tmp_path / "chat_template.jinja").write_bytes(b"\xff\xfe{{ messages }}")
        with pytest.raises(TemplateError, match="cannot be read"):
            ChatTemplate.find(tmp_path, None, SPECIAL)

    def test_byte_order_mark(self, tmp_path):
        (tmp_path / "chat_template.jinja").write_bytes(b"\xef\xbb\xbfA")
        assert ChatTemplate.find(tmp_path, None, SPECIAL).render([user("x")]) == "A"
