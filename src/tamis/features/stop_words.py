"""Stop words: the small words that say little, in 25 languages, from an installed list."""

from __future__ import annotations

from functools import cache

from tamis.core import UsageError, did_you_mean

# The list (package stop-words, 2018) is short on purpose: later lists of 1,300 words also take "good" and "problem".
# These are the English words of the same kind that it lacks.
_MORE_ENGLISH = (
    "also although among another can either else even ever every however i'd instead just let may maybe might much "
    "must now one onto per perhaps quite rather really shall since still though thus together towards upon us via "
    "well whatever whether whose will within yet"
)

# A text without its negations says the opposite.
_NEGATIONS = {
    "ar": "لا لم لن ليس ليست غير",
    "bg": "не ни никой нищо никога нито без",
    "ca": "no ni mai cap sense gens tampoc ningú",
    "cs": "ne ni nikdy nic bez není nikdo žádný",
    "da": "ikke ej aldrig ingen intet uden",
    "de": "nicht nichts nie niemals kein keine keinem keinen keiner keines ohne weder noch niemand",
    "en": "no nor not never cannot none nobody nothing nowhere neither without",
    "es": "no ni nunca jamás nada nadie ningún ninguna ninguno sin tampoco",
    "fi": "ei en et emme ette eivät älä ilman koskaan",
    "fr": "ne n pas non ni jamais rien aucun aucune sans personne guère",
    "hi": "नहीं न ना मत बिना",
    "hu": "nem ne sem se soha semmi senki nincs nélkül",
    "id": "tidak bukan jangan belum tanpa tak",
    "it": "non no né mai niente nulla nessun nessuna nessuno senza",
    "nb": "ikke ikkje aldri ingen intet uten inga",
    "nl": "niet niets geen nooit niemand nergens zonder noch",
    "pl": "nie ni nigdy nic nikt bez żaden brak",
    "pt": "não nem nunca jamais nada ninguém nenhum nenhuma sem",
    "ro": "nu nici niciodată nimic nimeni fără niciun nicio",
    "ru": "не ни нет никогда ничего никто нельзя без",
    "sk": "nie ne ni nikdy nič bez nikto žiadny",
    "sv": "inte ej aldrig ingen inget inga utan",
    "tr": "değil yok hiç hayır ne asla",
    "uk": "не ні ані ніколи нічого ніхто без немає",
    "vi": "không chưa chẳng đừng chả",
}


@cache
def stop_words(language: str = "en", *, negations: bool = False) -> frozenset[str]:
    """Return a language's stop words in lower case; with `negations` also "not", "never", "don't" and the like.

    >>> sorted({"the", "you", "yous", "not", "don't"} & stop_words("en"))
    ['the', 'you']
    """
    from stop_words import LANGUAGE_MAPPING, get_stop_words

    known = sorted({"cs" if code == "cz" else code for code in LANGUAGE_MAPPING})
    if language not in known:
        raise UsageError(
            f"no stop words for the language {language!r}. Languages: {', '.join(known)}."
            f"{did_you_mean(language, known)}"
        )
    listed = {word.strip().lower() for word in get_stop_words("cz" if language == "cs" else language)}
    listed |= set(_MORE_ENGLISH.split()) if language == "en" else set()
    denying = set(_NEGATIONS[language].split()) | {word for word in listed if word.endswith(("n't", "n’t"))}
    chosen = {word for word in listed | denying if " " not in word} - (set() if negations else denying)
    return frozenset(chosen | {word.replace("'", "’") for word in chosen}) - {""}
