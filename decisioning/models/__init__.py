"""The tables of decisioning."""

from decisioning.models.flows import DecisionFlow
from decisioning.models.interactions import Interaction
from decisioning.models.outcomes import OutcomeType
from decisioning.models.segments import Segment

__all__ = ["DecisionFlow", "Interaction", "OutcomeType", "Segment"]
