"""The tables of decisioning."""

from decisioning.models.budgets import BudgetTotal
from decisioning.models.customers import Customer, SegmentMember
from decisioning.models.decisions import Decision, IdempotencyKey, Manifest
from decisioning.models.flows import AssemblyLine, DecisionFlow, FlowVersion
from decisioning.models.interactions import Interaction, Presentation
from decisioning.models.ledgers import ContactLedger, Word
from decisioning.models.outcomes import OutcomeType
from decisioning.models.reservations import Reservation
from decisioning.models.retention import CarriedTotal, ErasedRow, HistoryCut, LegalHold
from decisioning.models.runs import CampaignRun
from decisioning.models.segments import Segment
from decisioning.models.summaries import CarriedSummary, InteractionSummary, SummaryProgress
from decisioning.models.tallies import DailyTally, PolicyTally, TallyProgress

__all__ = [
    "AssemblyLine",
    "BudgetTotal",
    "CampaignRun",
    "CarriedSummary",
    "CarriedTotal",
    "ContactLedger",
    "Customer",
    "DailyTally",
    "Decision",
    "DecisionFlow",
    "ErasedRow",
    "FlowVersion",
    "HistoryCut",
    "IdempotencyKey",
    "Interaction",
    "InteractionSummary",
    "LegalHold",
    "Manifest",
    "OutcomeType",
    "PolicyTally",
    "Presentation",
    "Reservation",
    "Segment",
    "SegmentMember",
    "SummaryProgress",
    "TallyProgress",
    "Word",
]
