"""docs/proofs.md"""

from conftest import ROOT

from lab.site import load


def test_each_test_carries_its_sentences(site):
    """Each test below carries, word for word, the sentences that it proves."""
    shown = site("proofs/")
    proofs = load(ROOT).proofs
    assert len(proofs) > 60
    for proof in proofs:
        assert f'id="{proof.anchor}"' in shown, proof.name
