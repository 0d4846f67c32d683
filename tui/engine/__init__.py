"""Text generation on base OpenVINO. Import from its modules; this package imports nothing by itself."""

import sys

# `import openvino` would report itself to Google Analytics, and write a client id to ~/intel, unless this package of
# Intel's is missing; then it uses a stub of its own. No telemetry of any kind includes this.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
