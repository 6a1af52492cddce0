"""Digests of tokenizers."""

from __future__ import annotations

import json
from typing import Any

from repro.core.canonical import TaggedHash
from repro.core.errors import TrackingError

_SETTINGS = (
    "model_max_length",
    "padding_side",
    "truncation_side",
    "clean_up_tokenization_spaces",
    "do_lower_case",
)


def describe_tokenizer(tokenizer: Any) -> tuple[str, dict[str, Any]]:
    """Return digest and facts of a tokenizer of ``transformers`` or ``tokenizers``, or alike.

    Raises
    ------
    TrackingError
        If it has no vocabulary.
    """
    vocabulary = getattr(tokenizer, "get_vocab", None)
    if not callable(vocabulary):
        raise TrackingError(
            f"{type(tokenizer).__name__} cannot be tracked as a tokenizer: it has no get_vocab",
            advice="track a tokenizer of transformers or of tokenizers",
        )
    words = vocabulary()
    special = _special(tokenizer)
    tagged = TaggedHash("tokenizer").add(type(tokenizer).__name__.encode())
    for word, number in sorted(words.items(), key=lambda pair: (pair[1], pair[0])):
        tagged.add(str(word).encode("utf-8", "surrogatepass")).add(str(number).encode())
    # How text is split: the whole pipeline of a fast tokenizer.
    inner = getattr(tokenizer, "backend_tokenizer", tokenizer)
    rules = inner.to_str() if hasattr(inner, "to_str") else ""
    settings = {name: repr(getattr(tokenizer, name, None)) for name in _SETTINGS}
    for part in (rules, json.dumps(special, sort_keys=True), json.dumps(settings)):
        tagged.add(part.encode("utf-8", "surrogatepass"))
    return tagged.digest(), {"vocab_size": len(words), "special_tokens": special}


def _special(tokenizer: Any) -> dict[str, Any]:
    found = getattr(tokenizer, "special_tokens_map", {})
    return {
        str(name): [str(each) for each in value] if isinstance(value, (list, tuple)) else str(value)
        for name, value in dict(found).items()
    }
