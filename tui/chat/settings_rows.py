"""The settings as a list: value, default, range, who set each, and why one does nothing; for a screen and a shell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tui.chat.sampling_values import SetBy, no_effect, set_by
from tui.engine.sampling_resolve import Resolved
from tui.store.settings import MODELS, PRESETS, SCHEMA, Setting, Settings, parts_of, setting_of, shipped_help
from tui.store.settings_text import shown

SECTIONS: Mapping[str, str] = {
    "sampling": "Sampling",
    MODELS: "Sampling of one model",
    "engine": "Engine and device",
    "chat": "Chat",
    "appearance": "Appearance",
    "terminal": "Terminal",
    "convert": "Converting models",
    "storage": "Storage",
    PRESETS: "Your presets",
    "keys": "Keys",
}
"""What the sections are called, in the order in which they are listed."""

_FIRST = {
    SetBy.MODEL: "the model's own",  # "none" leaves it to the model
    SetBy.FOR_MODEL: "yours for this model",
    SetBy.CONVERSATION: "this conversation's",
    SetBy.APP: "the default",
}


@dataclass(frozen=True, slots=True)
class InEffect:
    """What a conversation and its model make of the settings.

    Attributes:
        resolved: The sampling values of its next turn.
        set_here: What it sets itself.
        model: What the model is called (`Choice.title`); "" for none.
        device: The device that the model was given, which comes before the one of the settings; "" for none.
    """

    resolved: Resolved
    set_here: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting.

    Attributes:
        key: As in the file.
        setting: What it may be.
        label: What it is called in its section.
        value: In effect, as it is typed.
        default: As it is typed; "" where there is none.
        source: Who set the value in effect.
        note: Why it has no effect; "" where it has one.
        help: What it does.
    """

    key: str
    setting: Setting
    label: str
    value: str
    default: str
    source: SetBy
    note: str
    help: str

    @property
    def facts(self) -> list[str]:
        """Its default, its range, and when a change acts, where that is not at once."""
        default = [f"default {self.default}"] if self.default else []
        return [*default, self.setting.range, *([f"acts {self.setting.acts}"] if self.setting.acts else [])]

    @property
    def section(self) -> str:
        """What the key begins with."""
        return self.key.partition(".")[0]


def rows(
    settings: Settings, in_effect: InEffect | None = None, notes: Mapping[str, str] | None = None
) -> list[SettingRow]:
    """All settings in the order of `SECTIONS`; of those with free names, which the keys have, too, what the user sets.

    Those that `settings` has a default for, which only somebody who knows all keys can have given it, are there, too.

    Args:
        settings: The settings.
        in_effect: With it, the sampling values are those of a conversation; else those of the settings.
        notes: By key, why a setting has no effect here.
    """
    helps = shipped_help()
    free = [key for key in dict.fromkeys((*settings.user, *settings.bad, *settings.shipped)) if key not in SCHEMA]
    found = [_row(key, settings, in_effect, notes or {}, helps) for key in (*SCHEMA, *free)]
    order = list(SECTIONS)
    return sorted(found, key=lambda row: order.index(row.section))


def followed(settings: Settings, wrong: Iterable[str]) -> Settings:
    """The settings with the defaults of those that the user has set to what cannot be, which they are marked with.

    Args:
        settings: As the user's file has them.
        wrong: Their keys.
    """
    user, bad = dict(settings.user), dict(settings.bad)
    for key in wrong:
        setting = setting_of(key)
        assert setting is not None
        bad[key] = shown(setting, user.pop(key))
    return replace(settings, user=user, bad=bad)


def cannot(value: str) -> str:
    """What is said of a setting of the user's that cannot be as it is."""
    return f"yours, {value}, cannot be followed"


def _row(
    key: str,
    settings: Settings,
    in_effect: InEffect | None,
    notes: Mapping[str, str],
    helps: Mapping[str, str],
) -> SettingRow:
    setting = setting_of(key)
    assert setting is not None
    section, *names, name = parts_of(key)
    value, source = settings.get(key), SetBy.USER if key in settings.user else SetBy.APP
    note = cannot(settings.bad[key]) if key in settings.bad else notes.get(key, "")
    if section == "sampling" and in_effect is not None:
        resolved, mine = in_effect.resolved, source is SetBy.USER
        value = getattr(resolved.params, name)
        source = set_by(name, resolved, in_effect.set_here, settings, in_effect.model)
        note = note or no_effect(name, resolved.params)
        if mine and source is not SetBy.USER:
            note = f"yours, {shown(setting, settings[key])}, gives way to {_FIRST[source]}"
    elif key == "engine.device" and in_effect is not None and in_effect.device:
        note = f"not used: {in_effect.model} was given {in_effect.device}, which comes first"
    label = f"{names[0]}: {name}" if names else name
    default = shown(setting, settings.shipped[key]) if key in settings.shipped else ""
    help = helps.get(key) or helps.get(f"sampling.{name}", "")
    return SettingRow(key, setting, label, shown(setting, value), default, source, note, help)
