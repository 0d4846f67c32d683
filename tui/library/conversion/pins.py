"""Which versions of the tools convert which architecture.

optimum-intel refuses an architecture under a transformers that its export was not made for. This table has what 2.2.0
says of itself (MIN_ and MAX_TRANSFORMERS_VERSION of its export configs), for architectures that generate text.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

TORCH = "2.13.0"
OPTIMUM_INTEL = "2.2.0"
NNCF = "3.4.0"
DEFAULT_TRANSFORMERS = "5.0.0"
PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"

_OTHERS = {
    "4.53.3": ("arctic", "deepseek", "deepseek_v2", "deepseek_v3", "minicpm", "minicpm3"),
    "4.55.4": ("chatglm", "qwen"),
    "4.57.6": (
        *("aquila", "baichuan", "bitnet", "dbrx", "deci", "exaone", "exaone4", "internlm", "internlm2", "jais"),
        *("llama4_text", "orion", "ouro", "qwen3_next", "xverse", "zamba2"),
    ),
    "5.2.0": ("qwen3_5_text", "qwen3_5_moe_text"),
    "5.5.4": ("granitemoehybrid",),
}
_TRANSFORMERS = {model_type: release for release, types in _OTHERS.items() for model_type in types}


@dataclass(frozen=True, slots=True)
class Pins:
    """The versions in one environment.

    Attributes:
        transformers: The one that is not the same in all.
    """

    transformers: str = DEFAULT_TRANSFORMERS

    @property
    def name(self) -> str:
        """What an environment with them is called."""
        return f"transformers-{self.transformers}"

    @property
    def versions(self) -> dict[str, str]:
        """By distribution. OpenVINO's are the chat's own: what one writes, the other reads."""
        return {
            "torch": TORCH,
            "transformers": self.transformers,
            "optimum-intel": OPTIMUM_INTEL,
            "nncf": NNCF,
            "openvino": version("openvino"),
            "openvino-tokenizers": version("openvino-tokenizers"),
        }

    @property
    def requirements(self) -> list[str]:
        """What pip is to install besides optimum-intel itself."""
        return [f"{name}=={release}" for name, release in self.versions.items() if name != "optimum-intel"] + [*_NEEDED]


def torch_requirement(index: str) -> str:
    """What pip is to install of torch, from PyPI and one more `index` ("" for none)."""
    # So that pip fails where that index does not answer, instead of taking gigabytes of CUDA from PyPI.
    return f"torch=={TORCH}{'+cpu' if index == PYTORCH_CPU_INDEX else ''}"


# What optimum-intel asks for besides, and what slow tokenizers are read with. Without torchvision, which it lists, too:
# text needs none, and one of another build than torch's keeps transformers from being imported.
_NEEDED = (
    "optimum==2.3.0",
    "huggingface-hub<1.22",
    "requests>=2.33,<3",
    "setuptools",
    "sentencepiece",
    "protobuf",
    "tiktoken",
)


def pins_for(model_type: str) -> Pins:
    """The versions that convert an architecture, by `model_type` of its config.json."""
    return Pins(_TRANSFORMERS.get(model_type, DEFAULT_TRANSFORMERS))
