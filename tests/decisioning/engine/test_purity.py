"""Deciding is pure: the core is importable, and decides, where Django is not."""

import subprocess
import sys

SCRIPT = """
import sys
sys.modules["django"] = None
import decisioning.engine.evaluate, decisioning.engine.explain, decisioning.engine.flow, policies.rules
assert not [name for name in sys.modules if name.startswith("django.")]
"""


def test_the_core_is_importable_with_django_absent():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
