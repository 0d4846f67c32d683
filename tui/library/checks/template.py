"""The chat template: there, and right for the conversations that a chat has. Rendered in its sandbox, for real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tui.engine.chat_template import BROKEN, TOO_LARGE, TOO_SLOW, ChatTemplate
from tui.engine.errors import OvchatError, TemplateError
from tui.engine.ir_file import IrFile
from tui.engine.tokenizer_files import special_tokens
from tui.library.checks.patient import Patient
from tui.library.findings import Finding, Severity, error, note, warning

# Templates may strip and lower what is said; words stay words.
_SYSTEM, _USER = "answer in rhymes", "what is the capital of zanzibar"
_HELLO = {"role": "user", "content": _USER}
_ANSWER = {"role": "assistant", "content": "zanzibar city"}
_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a town.",
        "parameters": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
    },
}
_CORRECT = "Put a corrected chat_template.jinja into the model's folder."


class _Conversation(NamedTuple):
    """What is tried.

    `code` and `what` name it; `folded` says what ovchat does where the template takes it in another form only;
    `needed` where no chat goes without it.
    """

    code: str
    what: str
    messages: Sequence[Mapping[str, Any]]
    given: Mapping[str, Any] = {}
    folded: str = ""
    needed: bool = False


_CONVERSATIONS = (
    _Conversation("template-plain", "one question", [_HELLO], needed=True),
    _Conversation("template-turns", "a second question", [_HELLO, _ANSWER, _HELLO], needed=True),
    _Conversation(
        "template-system",
        "a system message",
        [{"role": "system", "content": _SYSTEM}, _HELLO],
        folded="ovchat puts it before the first question.",
    ),
    _Conversation(
        "template-two-users",
        "two user messages in a row",
        [_HELLO, _HELLO],
        folded="ovchat makes one of them.",
    ),
    _Conversation("template-tools", "tools", [_HELLO], {"tools": [_TOOL]}),
    _Conversation("template-thinking-on", "enable_thinking=true", [_HELLO], {"enable_thinking": True}),
    _Conversation("template-thinking-off", "enable_thinking=false", [_HELLO], {"enable_thinking": False}),
)


def find_template(patient: Patient) -> ChatTemplate | Finding:
    """The template that a chat would use, or why there is none to use."""
    try:
        found = ChatTemplate.find(patient.folder, in_tokenizer(patient.tokenizer), special_tokens(patient.folder))
        found.text  # noqa: B018 - several, none of them the default, are found out here, as when loading
    except OvchatError as failed:
        return Finding.of(failed)
    return found


def check(patient: Patient) -> Iterator[Finding]:
    """Try each kind of conversation."""
    template = find_template(patient)
    if "chat_template.jinja" in patient.unusable:
        return
    if isinstance(template, Finding):
        if template.code == BROKEN:  # the others are said of their files
            yield template
        return
    if template.plain:
        yield warning(
            "template-missing",
            template.warning,
            "If it is a chat model: put its chat_template.jinja or tokenizer_config.json into the folder.",
        )
        return
    for conversation in _CONVERSATIONS:
        try:
            text, rejection = template.render_somehow(conversation.messages, **conversation.given)
        except TemplateError as failed:
            if failed.code in (BROKEN, TOO_SLOW, TOO_LARGE):  # so it is with every conversation
                yield Finding.of(failed)
                return
            yield _fails(conversation, failed)
            continue
        if rejection is not None:
            yield note(conversation.code, f"{_said(rejection, conversation)} {conversation.folded}", "Nothing to do.")
        yield from _dropped(conversation, text, template)


def _fails(conversation: _Conversation, failed: TemplateError) -> Finding:
    severity = Severity.ERROR if conversation.needed else Severity.WARNING
    return Finding(conversation.code, severity, _said(failed, conversation), _CORRECT)


def _said(rejection: TemplateError, conversation: _Conversation) -> str:
    return f"Tried with {conversation.what}: {rejection.sentence}"


def _dropped(conversation: _Conversation, text: str, template: ChatTemplate) -> Iterator[Finding]:
    where = f"The chat template ({template.source})"
    text = text.casefold()
    if conversation.code == "template-plain" and _USER not in text:
        yield error("template-drops-text", f"{where} leaves out what the user says.", _CORRECT)
    if conversation.code == "template-system" and _USER in text and _SYSTEM not in text:
        yield warning("template-drops-system", f"{where} leaves system messages out without a word.", _CORRECT)


def in_tokenizer(graph: IrFile | None) -> str | Mapping[str, str] | None:
    """The template in the tokenizer's rt_info: one text, or name to text."""
    if graph is None:
        return None
    named = {key: value for key, value in graph.info.items() if key.startswith("chat_template/")}
    return graph.info.get("chat_template") or {key.partition("/")[2]: value for key, value in named.items()}
