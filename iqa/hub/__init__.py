"""Models on the Hugging Face Hub: pulled by commit and sha256, pushed only when verified, listed and verified here.

The Hub's client is loaded by the first call that needs the network. Its settings hold: HF_ENDPOINT and HF_HUB_OFFLINE
(read at every call), HF_TOKEN, proxies and time-outs.
"""

from .client import HubError
from .fetch import pull
from .local import Place, survey, verify
from .publish import push

__all__ = ["HubError", "Place", "pull", "push", "survey", "verify"]
