"""Testing kit for apps built on Foreplan: models that say what a test scripts, and a server that speaks for them."""

from foreplan.core.testing import *  # noqa: F403
