"""What to suggest on this computer: the catalogue, how each model would run here, and what is installed."""

from slmdesk.offers.adviser import Adviser
from slmdesk.offers.caution import note_of_speeds
from slmdesk.offers.comparison import Aspect, Compared, compare
from slmdesk.offers.laddering import ladder_steps
from slmdesk.offers.offer import GROUPS, Offer, OfferGroup, SizeSource
from slmdesk.offers.offer_filter import SORTS, OfferFilter, SortBy, WorkUse
from slmdesk.offers.offer_list import GroupOfOffers, OfferList, Shown
from slmdesk.offers.on_disk import OnDisk
from slmdesk.offers.recommendation import Recommendation, recommend_variant
from slmdesk.offers.subjects import smaller_subjects, subject_of, subject_on_disk
from slmdesk.offers.suggestion import Suggestion, suggest_first

__all__ = [
    "GROUPS",
    "SORTS",
    "Adviser",
    "Aspect",
    "Compared",
    "GroupOfOffers",
    "Offer",
    "OfferFilter",
    "OfferGroup",
    "OfferList",
    "OnDisk",
    "Recommendation",
    "Shown",
    "SizeSource",
    "SortBy",
    "Suggestion",
    "WorkUse",
    "compare",
    "ladder_steps",
    "note_of_speeds",
    "recommend_variant",
    "smaller_subjects",
    "subject_of",
    "subject_on_disk",
    "suggest_first",
]
