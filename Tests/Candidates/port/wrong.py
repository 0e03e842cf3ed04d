"""Wrong variants of the port: the mistakes of a review that planted some ninety in another port, made again by hand.

An id is the row of the review's table. A mistake whose `names` are empty equals no mutant of the catalogue that was
known when it was written.
"""

import wrong_numbers
import wrong_rows

MISTAKES = {**wrong_rows.MISTAKES, **wrong_numbers.MISTAKES}

# Two at once.
PAIRS = ["17,13", "36,2", "31,5", "9a,14a", "1,24", "36,9a", "17,36"]


# Mutants of suite 1.1 that make the same mistake, or the same with another number; written when they were made, from their
# sentences.
MUTANTS = {
    "3": "M280", "4": "M281", "6": "M230", "6m": "M231", "9b": "M257", "10": "M204", "11": "M270", "12": "M271", "H11": "M272",
    "14d": "M279", "15": "M282", "16": "M283", "H19": "M291", "18": "M200", "19": "M206", "20": "M260", "20b": "M261",
    "20c": "M262", "20d": "M263", "21": "M242", "21b": "M243", "22": "M275", "22b": "M276", "22c": "M277", "22v": "M278",
    "24": "M284", "25a": "M285", "25b": "M286", "26": "M203", "30": "M287", "31": "M264", "32": "M221", "35": "M232",
    "35b": "M233", "37": "M234", "37b": "M235", "38": "M210", "39": "M222", "39n:8": "M223", "40": "M218", "40n:16": "M216",
    "40n:32": "M217", "40n:128": "M219", "40m": "M218", "40b": "M220", "41": "M273", "42": "M274", "43": "M205", "44": "M201",
    "46": "M288", "46b": "M289", "48": "M255", "49": "M250", "49c": "M251", "49b": "M236", "50": "M227", "50n:6": "M228",
    "E5": "M296", "E8": "M292", "E9": "M252", "E9v": "M253", "E9b": "M254", "E12": "M237", "E14": "M244", "E14b": "M245",
    "E14c": "M246", "E19": "M238", "E19h": "M239", "E22": "M240", "E24": "M258", "E36": "M241", "H2:16": "M212",
    "H2:32": "M213", "H2:64": "M214", "H2:128": "M215", "H6": "M290", "H7": "M202", "H20": "M211", "H21": "M256",
    "H22:8": "M224", "H22:16": "M225",
}
# Where no mutant is the same: what of a sentence says where the mistake is. Written when the sentences of suite 1.1 were there:
# a key that is lost shows in the weights, labels and means behind the forward pass, and a compression too many in the cache.
PLACES = {
    **dict.fromkeys(("40", "40b", "40m", "40n:16", "40n:32", "40n:128", "H2:8"), "attention.probabilities"),
    **dict.fromkeys(("10", "18", "26"), "what is wrong comes behind it"),
    **dict.fromkeys(("4", "25a", "25b"), "cache.rows is missing or has another shape"),
    **dict.fromkeys(("9b", "21"), "attention: wrong in"),
    # An entry says what of its row is wrong: a position counted otherwise, another token fed, a type it is kept in.
    **dict.fromkeys(("3", "50", "50n:3", "50n:4", "50n:5", "50n:6"), "it has another position (POS-1)"),
    "H6": "what was fed there is not the token", "35": "is one of F16", "35b": "is one of BF16",
    "E6": "the input is good",
    "E5": "rejection: rejected with", "E8": "rejection: answered with tensors",
    "E17": "first stage that diverges is hidden.0", "G9": "what is wrong comes behind it",
}


def names(identifier):
    """What is right to name, of a mistake or of either of two."""
    parts = [identifier] if identifier in MISTAKES else identifier.split(",")
    return [name for part in parts for name in (*MISTAKES[part].names, MUTANTS.get(part), PLACES.get(part)) if name]
