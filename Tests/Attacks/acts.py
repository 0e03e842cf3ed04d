"""What actor.py does: at hello, before it, and at one case."""


def hello(candidate, request, declared):
    candidate.reply(request, ok=declared)


ACTS, HELLOS, STARTS = {}, {}, {}
