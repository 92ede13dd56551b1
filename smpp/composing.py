"""The form a text is sent in: the cheapest that carries it whole, by what an SMSC takes.

Composer(TextRules(), LongMessages.UDH8).compose("Grüezi €")     -> GSM7, one part
Composer(TextRules(languages=(Language.TURKISH,)), ...)          -> national tables where they are cheaper
Composer(TextRules(transliterate=True), ...)                     -> says in the result that it altered the text
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from smpp.forms import BINARY, Form, TooManyParts, cut_content, cut_text, fits_one, octets_on_air
from smpp.segments import CONCATENATION_OCTETS, LongMessages, Segment, segments_of, takes_shift
from smpp.shift_tables import NO_SHIFT, Language, shifts_of
from smpp.text import Encoding, UnencodableText, octets_of
from smpp.transliteration import transliterate
from smpp.udh import MAX_PARTS

LATIN1 = Form(Encoding.LATIN1)
UCS2 = Form(Encoding.UCS2)

_MOST_CHARACTERS_A_PART = 160
_MOST_CHARACTERS = MAX_PARTS * _MOST_CHARACTERS_A_PART
"""Longer texts fit no form, and trying them all would take seconds."""


@dataclass(slots=True, frozen=True)
class TextRules:
    """What an SMSC takes.

    default_alphabet: what data_coding 0 means there (GSM7, LATIN1 or ASCII). packed: GSM7 goes out as packed septets.
    transliterate: substitutes are put for characters that would cost UCS-2, or that a wanted encoding lacks.
    languages: whose national tables may be used; only with GSM7 as the default, no other data_coding names it.
    latin1: whether data_coding 3 may be chosen, too.
    """

    default_alphabet: Encoding = Encoding.GSM7
    packed: bool = False
    transliterate: bool = False
    languages: tuple[Language, ...] = ()
    latin1: bool = False


@dataclass(slots=True)
class Composed:
    """A text in its form; `repr` hides it.

    contents: of each part, septets one to an octet. transliterated: whether it is other than what was typed.
    """

    form: Form
    mode: LongMessages
    contents: list[bytes] = field(repr=False)
    transliterated: bool = False

    @property
    def needs_reference(self) -> bool:
        """Whether several submit_sm have to say that they belong together."""
        return self.segment_count > 1

    @property
    def segment_count(self) -> int:
        """How many submit_sm it takes."""
        return 1 if self.mode is LongMessages.PAYLOAD else len(self.contents)

    def segments(self, reference: int) -> list[Segment]:
        """What each submit_sm carries; reference: 0..65535, see `smpp.segments.split_text`."""
        return segments_of(self.contents, self.form, self.mode, reference)


class Composer:
    """Applies the rules of one SMSC; mode: how it takes long messages."""

    def __init__(self, rules: TextRules, mode: LongMessages) -> None:
        self._rules = rules
        self._mode = mode
        self._concatenation_octets = CONCATENATION_OCTETS[mode]
        self._gsm7 = Form(Encoding.GSM7, NO_SHIFT, rules.packed)
        is_gsm7 = rules.default_alphabet is Encoding.GSM7
        self._native = self._gsm7 if is_gsm7 else Form(rules.default_alphabet)
        self._has_alternatives = bool(rules.languages or rules.latin1 or rules.transliterate)
        self._shifted = tuple(Form(Encoding.GSM7, shift, rules.packed) for shift in shifts_of(rules.languages))

    def compose(self, text: str, wanted: Encoding | None = None, *, flash: bool = False) -> Composed:
        """`text` in the form with the fewest parts, then octets; a header of national tables must save a part.

        wanted: None for auto: the default alphabet, tables and Latin-1 as the rules allow, else UCS-2. GSM7 wanted
        means GSM 7-bit on the air, with tables or not; where no data_coding names it, the text goes in the default
        alphabet and the SMSC translates it. A text that fits none of them is transliterated, if the rules say so.
        flash: class 0 exists for GSM7, UCS2 and BINARY only; LATIN1 wanted is as auto then.
        Raises UnencodableText, of the first form where none will do, and TooManyParts.
        """
        if len(text) > _MOST_CHARACTERS:
            raise TooManyParts(-(-len(text) // _MOST_CHARACTERS_A_PART))
        first = self._first(wanted, flash)
        content = octets_of(text, first.encoding)
        if content is not None and (not self._has_alternatives or fits_one(content, first)):
            return Composed(first, self._mode, cut_content(content, first, self._concatenation_octets))
        forms = self._forms(first, wanted, flash)
        if not self._has_alternatives:
            return self.compose_as(text, forms[-1])
        return self._cheapest(text, forms)

    def compose_data(self, data: bytes) -> Composed:
        """Binary content; raises TooManyParts."""
        return Composed(BINARY, self._mode, cut_content(data, BINARY, self._concatenation_octets))

    def compose_as(self, text: str, form: Form, *, transliterated: bool = False) -> Composed:
        """`text` in this form and no other; raises UnencodableText and TooManyParts."""
        written = _transliterated(text, form) if transliterated else text
        contents = cut_text(written, form, self._concatenation_octets)
        return Composed(form, self._mode, contents, written != text)

    def _first(self, wanted: Encoding | None, flash: bool) -> Form:
        if wanted is Encoding.UCS2:
            return UCS2
        if wanted is Encoding.LATIN1 and not flash:
            return LATIN1
        return self._gsm7 if flash else self._native

    def _forms(self, first: Form, wanted: Encoding | None, flash: bool) -> list[Form]:
        """All forms that may be; the first is preferred where others have as many parts."""
        forms = [first]
        if first.encoding is Encoding.GSM7:
            forms += self._shifted
        if wanted is None or (wanted is Encoding.LATIN1 and flash):
            forms += [LATIN1, UCS2] if self._rules.latin1 and not flash else [UCS2]
        return forms

    def _cheapest(self, text: str, forms: list[Form]) -> Composed:
        typed = [composed for form in forms if (composed := self._tried(text, form))]
        best = min(typed, key=partial(self._cost, forms[0]), default=None)
        if self._rules.transliterate and (best is None or best.form is UCS2):
            altered = self._least_altered(text, forms)
            if altered and (best is None or len(altered.contents) <= len(best.contents)):
                return altered
        return best or self.compose_as(text, forms[0])

    def _least_altered(self, text: str, forms: list[Form]) -> Composed | None:
        """Of the forms but UCS-2 the one that has most of the characters of its own, then the cheapest."""
        altered = [
            (_count_lacking(text, form), self._cost(forms[0], composed), index, composed)
            for index, form in enumerate(forms)
            if form is not UCS2 and (composed := self._tried(text, form, transliterated=True))
        ]
        return min(altered)[-1] if altered else None

    def _tried(self, text: str, form: Form, *, transliterated: bool = False) -> Composed | None:
        try:
            composed = self.compose_as(text, form, transliterated=transliterated)
        except (UnencodableText, TooManyParts):
            return None
        return composed if len(composed.contents) == 1 or takes_shift(self._mode, form.shift) else None

    def _cost(self, first: Form, composed: Composed) -> tuple[int, bool, int]:
        octets = octets_on_air(composed.contents, composed.form, self._concatenation_octets)
        return len(composed.contents), composed.form is not first, octets


def _transliterated(text: str, form: Form) -> str:
    return transliterate(text, partial(_carries, form))


def _carries(form: Form, character: str) -> bool:
    return octets_of(character, form.encoding, form.shift) is not None


def _count_lacking(text: str, form: Form) -> int:
    return sum(count for character, count in Counter(text).items() if not _carries(form, character))
