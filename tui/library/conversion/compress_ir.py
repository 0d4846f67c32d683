"""Run by the interpreter of a conversion environment, not imported: an IR gets weights of fewer bits.

    python compress_ir.py FROM.xml TO.xml '{"format": "int4", "group_size": 128, ...}'

The options are the fields of `tui.library.conversion.presets.Weights`. Here is no `tui`: only nncf and openvino.
"""

from __future__ import annotations

import json
import sys
from typing import Any

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]


def main(source: str, target: str, options: dict[str, Any]) -> None:
    import nncf
    import openvino

    modes = nncf.CompressWeightsMode
    four_bits = modes.INT4_SYM if options["symmetric"] else modes.INT4_ASYM
    eight_bits = modes.INT8_SYM if options["symmetric"] else modes.INT8_ASYM
    named = {"int4": four_bits, "int8": eight_bits, "nf4": modes.NF4, "mxfp4": modes.MXFP4, "cb4": modes.CB4}
    mode = named[options["format"]]
    more: dict[str, Any] = {}
    if mode is not eight_bits:
        fallback = nncf.AdvancedCompressionParameters(group_size_fallback_mode=nncf.GroupSizeFallbackMode.ADJUST)
        more = {"ratio": options["ratio"], "awq": options["awq"], "advanced_parameters": fallback}
        if options["group_size"] is not None:
            more["group_size"] = options["group_size"]
    model = nncf.compress_weights(openvino.Core().read_model(source), mode=mode, **more)
    openvino.save_model(model, target, compress_to_fp16=False)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
