"""What is wrong with a model's chat template, as far as it can be told without a conversation."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from tui.engine.chat_template import BROKEN, ChatTemplate
from tui.engine.errors import OvchatError, TemplateError
from tui.library.checks.template import in_tokenizer

if TYPE_CHECKING:
    from tui.engine.model_files import ModelFiles


def template_problem(files: ModelFiles) -> OvchatError | None:
    """There is none, it cannot be read, or it is no Jinja2; None for nothing. Reads files."""
    try:
        template = ChatTemplate.find(files.path, in_tokenizer(files.tokenizer), {})
        text = template.text
    except OvchatError as error:
        return error
    if template.plain:
        return OvchatError(template.warning, "A chat model needs its chat_template.jinja in its folder.")
    if broken := _broken(text):
        return TemplateError(
            f"The chat template ({template.source}) {broken}.",
            "Put a corrected chat_template.jinja into the model's folder, or use another model.",
            code=BROKEN,
        )
    return None


@lru_cache(maxsize=256)  # compiling takes milliseconds, and models of a family share theirs
def _broken(text: str) -> str:
    """Why a template cannot be compiled; "" where it can."""
    from tui.engine.template_sandbox import compile_template  # takes 50 ms: jinja2

    try:
        compile_template(text)
    except Exception as error:  # a template can raise anything
        line = getattr(error, "lineno", None)
        where = f" at line {line}" if line else ""
        return f"is broken{where}: {str(error).rstrip('.') or type(error).__name__}"
    return ""
