import pytest

from decisioning.engine.candidates import Candidate
from decisioning.engine.facts import Contact
from policies.scope import SCOPES, Assignment, phrase

CANDIDATE = Candidate(creative=1, offer=2, channel=3, category=4, sub_category=None)


def name(_kind, public_id):
    return {"ch_3": "Email", "off_2": "Gold"}[public_id]


def test_a_global_assignment_concerns_everybody_and_counts_everything():
    everywhere = Assignment("global")
    assert everywhere.candidates().include(CANDIDATE)
    assert everywhere.contacts().include(Contact(at=0))


@pytest.mark.parametrize(("scope", "own"), [("creative", 1), ("offer", 2), ("channel", 3), ("category", 4)])
def test_an_entity_concerns_its_own_candidates_and_counts_its_own_contacts(scope, own):
    here, elsewhere = Assignment(scope, own), Assignment(scope, own + 1)
    contact = Contact(at=0, creative=1, offer=2, channel=3, category=4)
    assert (here.candidates().include(CANDIDATE), elsewhere.candidates().include(CANDIDATE)) == (True, False)
    assert (here.contacts().include(contact), elsewhere.contacts().include(contact)) == (True, False)


def test_each_shares_the_candidates_own_value():
    contacts = Assignment("offer", each=True).contacts()
    assert (contacts.key(CANDIDATE), contacts.key(Contact(at=0, offer=2)), contacts.key(Contact(at=0))) == (2, 2, None)


def test_each_over_a_missing_dimension_concerns_nobody():
    assert not Assignment("subcategory", each=True).candidates().include(CANDIDATE)
    assert not Assignment("subcategory", 1).candidates().include(CANDIDATE)


def test_a_dead_or_unknown_entity_concerns_nobody_and_never_widens():
    for assignment in (
        Assignment("offer", 2, dead=True),
        Assignment("offer"),
        Assignment("offer", each=True, dead=True),
    ):
        assert not assignment.candidates().include(CANDIDATE)


def test_the_scope_id_is_the_one_of_the_api():
    given = [Assignment("global"), Assignment("offer", each=True), Assignment("offer", 2, public_id="off_2")]
    assert [assignment.scope_id for assignment in given] == [None, "*", "off_2"]


def test_scopes_are_said_in_words():
    given = [Assignment("channel", 3, public_id="ch_3"), Assignment("offer", each=True)]
    assert phrase(given, name) == "on Email and for each offer"
    assert phrase([Assignment("global")], name) == "for everyone"
    email = given[0]
    assert phrase([email] * 7, name) == " and ".join(["on Email"] * 7)
    assert phrase([email] * 300, name) == f"{', '.join(['on Email'] * 6)} and in 294 more places"
    assert all(Assignment(scope, each=scope != "global").phrase(name) for scope in SCOPES)
