"""Dialogues for training: an endless seeded stream of questions, follow-ups and answers.

Answers come from the grammar with the facts filled in; questions that equal an evaluation question are never made.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from tui.starter.recipe.facts import fill
from tui.starter.recipe.foreign import foreign_question
from tui.starter.recipe.noise import noisy
from tui.starter.recipe.phrases import expand, gerund, load

QUESTIONS_FILE = Path(__file__).parent / "questions.toml"
INTENT_FILES = ("models_and_devices", "chatting", "concepts", "smalltalk")
FOREIGN, SYSTEM_PROMPT, MOST_TURNS = 0.29, 0.08, 4
PLAIN = 0.3
FAVOURITES = {"add_model": 3, "who_are_you": 2, "insult": 2, "thanks": 2, "hello": 2, "bye": 2}
FOLLOW_UPS = {
    "other": 26,
    "also": 26,
    "foreign": 20,
    "which_key": 8,
    "again": 6,
    "undo": 8,
    "shell": 8,
    "it": 8,
    "thanks": 5,
}
KEY = re.compile(r"\*\*[^*]+\*\*(?: or \*\*[^*]+\*\*)?")
COMMAND = re.compile(r"`ovchat[^`]*`")
MODEL_INTENTS = ("add_model", "pull_model", "convert_model", "list_models", "rename_model", "which_model")
CHAT_INTENTS = ("new_chat", "conversation_list", "search", "save_export", "import_chats")
ANSWER_INTENTS = ("regenerate", "replay", "continue_answer", "send", "slow")


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing the starter knows: its answer, its follow-up answers, and the patterns of its questions."""

    name: str
    topic: str
    say: str
    shell: str
    undo: str
    patterns: dict[str, list[str]]

    @property
    def key(self) -> str:
        """The answer to "which key was that?": the first key, else the first command, of the answer; or ""."""
        if found := KEY.search(self.say):
            return f"It is {found[0]}."
        if found := COMMAND.search(self.say):
            return f"The command is {found[0]}."
        return ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, its answer, and the intent behind it (None: declined)."""

    question: str
    answer: str
    intent: Intent | None


@cache
def intents() -> dict[str, Intent]:
    """All intents by name, in the order of the files."""
    return {
        name: Intent(
            name,
            topic=topic,
            say=fill(entry["say"]),
            shell=fill(entry.get("shell", "")),
            undo=fill(entry.get("undo", "")),
            patterns={kind: entry[kind] for kind in ("do", "is", "ask") if kind in entry},
        )
        for topic in INTENT_FILES
        for name, entry in load(topic).items()
    }


@cache
def refusal() -> str:
    """What the starter says to a foreign question."""
    return fill(load("foreign")["refusals"][0])


@cache
def insisting() -> str:
    """What the starter says when asked why it declined."""
    return fill(load("foreign")["insisting"])


def normalised(text: str) -> str:
    """Letters and digits only, in lower case: equal for questions that differ in punctuation alone."""
    return "".join(letter for letter in text.lower() if letter.isalnum())


@cache
def held_out() -> frozenset[str]:
    """The evaluation's questions, normalised."""
    asked = tomllib.loads(QUESTIONS_FILE.read_text(encoding="utf-8"))
    questions = [question for topic in asked["topic"] for question in topic["questions"]]
    questions += [follow_up["question"] for follow_up in asked["followup"]] + asked["out_of_domain"]["questions"]
    return frozenset(map(normalised, questions))


def dialogue(rng: Random, another_turn: float = 0.45) -> list[dict[str, str]]:
    """One conversation as chat messages: perhaps a system prompt, then 1 to MOST_TURNS exchanges.

    `another_turn` is the probability that one more exchange follows.
    """
    messages = []
    if rng.random() < SYSTEM_PROMPT:
        style = rng.choice(["friendly", "brief", "polite", "funny", "helpful", "honest", "careful"])
        messages.append(
            {"role": "system", "content": f"You are a {style} {rng.choice(['assistant', 'pirate', 'bot', 'AI'])}."}
        )
    last: Turn | None = None
    for _ in range(MOST_TURNS):
        last = _first(rng) if last is None else _next(last, rng)
        messages.append({"role": "user", "content": last.question})
        messages.append({"role": "assistant", "content": last.answer})
        if rng.random() > another_turn:
            break
    return messages


def _first(rng: Random) -> Turn:
    if rng.random() < FOREIGN:
        return _declined(rng)
    return _asked(_any_intent(rng), rng)


def _next(last: Turn, rng: Random) -> Turn:
    """A turn that may refer to the one before."""
    if last.intent is None and rng.random() < 0.4:
        if rng.random() < 0.5:
            return Turn(_follow_up("why_not", rng), insisting(), None)
        return Turn(_follow_up("get_one", rng), intents()["add_model"].say, intents()["add_model"])
    kind = rng.choices(list(FOLLOW_UPS), list(FOLLOW_UPS.values()))[0]
    match kind, last.intent:
        case "foreign", _:
            return _declined(rng)
        case "also", _:
            return _also(last, rng)
        case "thanks", _:
            return _asked(intents()["thanks"], rng)
        case "again", _:
            return Turn(_follow_up("again", rng), last.answer, last.intent)
        case "which_key", Intent(key=answer) if answer:
            return Turn(_follow_up("which_key", rng), answer, last.intent)
        case "undo", Intent(undo=answer) if answer:
            return Turn(_follow_up("undo", rng), answer, last.intent)
        case "shell", Intent(shell=answer) if answer:
            return Turn(_follow_up("shell", rng), answer, last.intent)
        case "it", Intent() if turn := _pronoun(last.intent, rng):
            return turn
    return _first(rng)


def _also(last: Turn, rng: Random) -> Turn:
    """ "And X?": another intent, often a neighbour of the last one."""
    everything = list(intents().values())
    intent = rng.choice(everything)
    if last.intent and rng.random() < 0.5:
        near = everything.index(last.intent) + rng.choice([-3, -2, -1, 1, 2, 3])
        intent = everything[near % len(everything)]
    kinds = [kind for kind in ("do", "is") if kind in intent.patterns]
    if not kinds:
        return _asked(intent, rng)
    kind = rng.choice(kinds)
    phrase = expand(rng.choice(intent.patterns[kind]), rng)
    wrapper = rng.choice(load("followups")[f"also_{kind}"])
    return Turn(noisy(expand(wrapper, rng, x=phrase, ing=gerund(phrase)), rng), intent.say, intent)


def _pronoun(intent: Intent, rng: Random) -> Turn | None:
    groups = {"model": MODEL_INTENTS, "chat": CHAT_INTENTS, "answer": ANSWER_INTENTS}
    fitting = [
        (target, phrase)
        for target, (group, phrase) in load("followups")["it"].items()
        if target != intent.name and (intent.name in groups[group] if group in groups else intent.topic == group)
    ]
    if not fitting:
        return None
    target, phrase = rng.choice(fitting)
    return Turn(noisy(expand(phrase, rng), rng), intents()[target].say, intents()[target])


def _any_intent(rng: Random) -> Intent:
    everything = list(intents().values())
    return rng.choices(everything, [FAVOURITES.get(intent.name, 1) for intent in everything])[0]


def _asked(intent: Intent, rng: Random) -> Turn:
    while True:
        question = noisy(_question(intent, rng), rng)
        if normalised(question) not in held_out():
            return Turn(question, intent.say, intent)


def _question(intent: Intent, rng: Random) -> str:
    kinds = list(intent.patterns)
    kind = rng.choices(kinds, [{"do": 5, "is": 3, "ask": 4}[kind] for kind in kinds])[0]
    phrase = expand(rng.choice(intent.patterns[kind]), rng)
    if kind == "ask":
        return phrase
    wrappers = load("words")["wrappers"]
    if rng.random() < PLAIN:
        wrapper = wrappers["plainly"][kind]
    else:
        wrapper = rng.choice(wrappers["how" if kind == "do" else "what"])
    return expand(wrapper, rng, x=phrase, ing=gerund(phrase))


def _declined(rng: Random) -> Turn:
    while True:
        question = noisy(foreign_question(rng), rng)
        if normalised(question) not in held_out():
            return Turn(question, refusal(), None)


def _follow_up(kind: str, rng: Random) -> str:
    while True:
        question = noisy(expand(rng.choice(load("followups")[kind]), rng), rng)
        if normalised(question) not in held_out():
            return question
