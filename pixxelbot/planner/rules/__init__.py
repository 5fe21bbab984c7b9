"""What is wanted: one rule an action. Rules read the request with its pictures as one sign (`references.PIC`).

A rule looks for the words that mean its action, takes out what else it understands (amounts, strengths, directions),
and holds only if nothing is left that would make it a picture of its own: "upscale the second" enlarges, "an upscale
restaurant" is drawn.
"""

from pixxelbot.planner.rules.clauses import RULES, about
from pixxelbot.planner.rules.guessed import loosely
from pixxelbot.planner.rules.heard import Found, Heard, P, less, strength_of

__all__ = ["RULES", "Found", "Heard", "P", "about", "less", "loosely", "strength_of"]
