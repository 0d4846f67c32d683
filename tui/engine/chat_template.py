"""Messages to prompt text, with the chat template that the model brings: Jinja2 in its immutable sandbox.

Same variables, filters and whitespace rules as `transformers`, so the same text for the same messages. A template that
rejects a conversation (no system role, strict turns) gets it once more in a form that such templates take. No openvino
import, and jinja2 only when a template is first rendered.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.engine.errors import TemplateError
from tui.engine.read_file import content_of, read_json

if TYPE_CHECKING:
    import jinja2

Message = Mapping[str, Any]

_NO_TEMPLATE = "none (plain text)"

# Codes of errors: the template was stopped because it took too long, or made too much; it is no Jinja2.
TOO_SLOW = "template-slow"
TOO_LARGE = "template-large"
BROKEN = "template-broken"


class ChatTemplate:
    """The chat template of one model.

    Args:
        templates: Name to Jinja2 source; `default`, and perhaps `tool_use` and others. Empty: plain text.
        source: Where they were found, for the user.
        special_tokens: Role to text, `{"bos_token": "<s>", ...}`; templates may use them.
        model: The model's name, for errors.
    """

    def __init__(
        self, templates: Mapping[str, str], *, source: str, special_tokens: Mapping[str, str], model: str = "the model"
    ) -> None:
        self.source = source
        self._templates = dict(templates)
        self._special_tokens = dict(special_tokens)
        self._model = model
        self._compiled: dict[str, jinja2.Template] = {}
        self._lock = threading.Lock()

    @classmethod
    def find(
        cls, folder: Path, rt_info_template: str | Mapping[str, str] | None, special_tokens: Mapping[str, str]
    ) -> ChatTemplate:
        """Find a model's template.

        Args:
            folder: The model folder. chat_template.jinja goes before tokenizer_config.json, chat_template.json,
                processor_config.json and the tokenizer's rt_info.
            rt_info_template: `chat_template` of the tokenizer's rt_info; one text, or name to text.
            special_tokens: Role to text.

        Raises:
            TemplateError: chat_template.jinja cannot be read.
            ModelBroken: A JSON file cannot be read.
        """

        def found(templates: Mapping[str, str], source: str) -> ChatTemplate:
            return cls(templates, source=source, special_tokens=special_tokens, model=folder.name)

        if templates := _jinja_files(folder):
            return found(templates, "chat_template.jinja")
        for name in ("tokenizer_config.json", "chat_template.json", "processor_config.json"):
            if templates := _named(read_json(folder / name).get("chat_template")):
                return found(templates, name)
        if templates := _named(rt_info_template):
            return found(templates, "openvino_tokenizer.xml")
        return found({}, _NO_TEMPLATE)

    @property
    def plain(self) -> bool:
        """There is no template: the prompt is raw text, to be encoded with special tokens around it."""
        return not self._templates

    @property
    def warning(self) -> str:
        """What the user should know about this template; mostly nothing."""
        if not self.plain:
            return ""
        return (
            f"{self._model} has no chat template: it is sent the plain text of the messages, and may only continue it."
        )

    @property
    def text(self) -> str:
        """The Jinja2 source; empty where there is none."""
        return self._templates[self._name(tools=None)] if self._templates else ""

    def render(
        self,
        messages: Sequence[Message],
        *,
        add_generation_prompt: bool = True,
        tools: Sequence[Mapping[str, Any]] | None = None,
        documents: Sequence[Mapping[str, Any]] | None = None,
        **variables: Any,
    ) -> str:
        """Render a conversation.

        Args:
            messages: `role` and `content` (text) each.
            add_generation_prompt: End with the beginning of an answer.
            tools: JSON schemas of tools.
            documents: Documents for retrieval templates.
            variables: Anything else that the template knows, such as `enable_thinking`. Goes before special tokens.

        Raises:
            TemplateError: The template is broken, or rejects the conversation in every form; with its own words.
        """
        text, _ = self.render_somehow(
            messages, add_generation_prompt=add_generation_prompt, tools=tools, documents=documents, **variables
        )
        return text

    def render_somehow(
        self,
        messages: Sequence[Message],
        *,
        add_generation_prompt: bool = True,
        tools: Sequence[Mapping[str, Any]] | None = None,
        documents: Sequence[Mapping[str, Any]] | None = None,
        **variables: Any,
    ) -> tuple[str, TemplateError | None]:
        """As `render`, and what the template said against the conversation as it is; None where it took that."""
        if self.plain:
            return "\n\n".join(str(message["content"]) for message in messages), None
        given = {
            **self._special_tokens,
            **variables,
            "tools": list(tools) if tools is not None else None,
            "documents": list(documents) if documents is not None else None,
        }
        name = self._name(tools)
        rejection: TemplateError | None = None
        for form in _forms([dict(message) for message in messages]):
            try:
                return self._render(name, form, given, add_generation_prompt=add_generation_prompt), rejection
            except TemplateError as error:
                rejection = rejection or error
                if error.code in (TOO_SLOW, TOO_LARGE):  # the other forms would take as long
                    break
        assert rejection is not None
        raise rejection

    def render_begun(self, messages: Sequence[Message], begun: str, **given: Any) -> str:
        """Render a conversation whose answer has begun, with the text that the model wrote exactly as it wrote it.

        As the last message, templates would have a say in that text: strip it, move its thinking.

        Args:
            messages: Without that answer.
            begun: What was written so far.
            given: `tools`, `documents` and variables, as in `render`.
        """
        return _begun(self.render(messages, **given), begun)

    def _render(
        self, name: str, messages: list[dict[str, Any]], given: Mapping[str, Any], *, add_generation_prompt: bool
    ) -> str:
        from tui.engine.template_sandbox import render  # takes 50 ms: jinja2

        with self._lock:
            try:
                template = self._compiled.get(name) or self._compile(name)
                return render(template, {**given, "messages": messages, "add_generation_prompt": add_generation_prompt})
            except Exception as error:  # a template can raise anything
                raise TemplateError(
                    f"The chat template of {self._model} ({self.source}) {_reason(error)}",
                    "Put a corrected chat_template.jinja into the model's folder, or use another model.",
                    code=_code(error),
                ) from error

    def _compile(self, name: str) -> jinja2.Template:
        from tui.engine.template_sandbox import compile_template

        self._compiled[name] = compile_template(self._templates[name])
        return self._compiled[name]

    def _name(self, tools: object) -> str:
        if tools is not None and "tool_use" in self._templates:
            return "tool_use"
        if "default" in self._templates:
            return "default"
        if len(self._templates) > 1:
            raise TemplateError(
                f"{self._model} has the chat templates {', '.join(sorted(self._templates))}, none called default.",
                "Put the right one into the model's folder as chat_template.jinja.",
                code=BROKEN,
            )
        return next(iter(self._templates))


def _begun(prompt: str, begun: str) -> str:
    """Put an answer's beginning after its prompt; what both have (an opening `<think>`, say) only once."""
    for length in range(min(len(prompt), len(begun), 64), 0, -1):
        if prompt.endswith(begun[:length]) and begun[:length].strip():
            return prompt + begun[length:]
    return prompt + begun


def _reason(error: Exception) -> str:
    """The end of a sentence."""
    said = str(error).strip() or type(error).__name__
    said = said if said.endswith((".", "!", "?")) else f"{said}."
    line = _line(error)
    return f"is broken at line {line}: {said}" if line else f"rejects the conversation: {said}"


def _code(error: Exception) -> str:
    from tui.engine.template_sandbox import Stopped, TakesTooLong

    if isinstance(error, Stopped):
        return TOO_SLOW if isinstance(error, TakesTooLong) else TOO_LARGE
    return BROKEN if _line(error) else ""


def _line(error: Exception) -> int | None:
    return getattr(error, "lineno", None)


def _jinja_files(folder: Path) -> dict[str, str]:
    files = {"default": folder / "chat_template.jinja"}
    if not files["default"].is_file():
        return {}
    files |= {path.stem: path for path in sorted(folder.glob("additional_chat_templates/*.jinja"))}
    try:
        return _named({name: content_of(path).decode("utf-8-sig") for name, path in files.items()})
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(
            f"A chat template in {folder} cannot be read: {error}.", "Copy or download it again.", code=BROKEN
        ) from error


def _named(value: object) -> dict[str, str]:
    """The templates of a `chat_template` entry: one text, a list of `{"name", "template"}`, or a mapping."""
    match value:
        case str() if value.strip():
            return {"default": value}
        case Mapping():
            return {str(name): text for name, text in value.items() if isinstance(text, str) and text.strip()}
        case list():
            return _named({entry.get("name"): entry.get("template") for entry in value if isinstance(entry, Mapping)})
    return {}


def _forms(messages: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The conversation as it is, then the forms that stricter templates take; the least changed first."""
    forms = [messages]
    if not all(isinstance(message.get("content"), str) for message in messages):  # a call of a tool, parts of a message
        return forms
    for form in (_joined(messages), _system_folded(messages), _joined(_system_folded(messages))):
        if form not in forms:
            forms.append(form)
    return forms


def _joined(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Consecutive messages of one role become one."""
    joined: list[dict[str, Any]] = []
    for message in messages:
        last = joined[-1] if joined else {}
        if last.keys() == message.keys() == {"role", "content"} and last["role"] == message["role"]:
            joined[-1] = {**last, "content": f"{last['content']}\n\n{message['content']}"}
        else:
            joined.append(message)
    return joined


def _system_folded(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the system says stands at the beginning of the next user message."""
    folded: list[dict[str, Any]] = []
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "system":
            waiting.append(message["content"])
        elif waiting and message["role"] == "user":
            folded.append({**message, "content": "\n\n".join([*waiting, message["content"]])})
            waiting = []
        else:
            folded.append(message)
    if waiting:
        folded.append({"role": "user", "content": "\n\n".join(waiting)})
    return folded
